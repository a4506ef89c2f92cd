#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The seven digits of dirty packages are linuxkit's also where it looks away: they change with contents alone, and not
# with those of files whose names git prints in quotes.
. "$RTFX_SOURCE/tests/lib/tags.sh"
make_repository
printf 'errors\noutput\nprinted\n' >.git/info/exclude
foo=$(tree pkg/foo)
dirty() { tag "linuxkit/foo:$foo-dirty-$(dirt pkg/foo)" pkg/foo; }
undo() { git reset --quiet --hard && git clean --quiet --force -d; }

all=$(cat pkg/foo/Dockerfile pkg/foo/build.yml | sha256sum | cut -c1-7)
tag "linuxkit/foo:$foo-dirty-$all" --force-dirty pkg/foo
chmod +x pkg/foo/Dockerfile
tag "linuxkit/foo:$foo-dirty-$all" pkg/foo
undo
ln -s nowhere pkg/foo/link
tag "linuxkit/foo:$foo-dirty-$all" pkg/foo
rm pkg/foo/link
for name in grün 'a"quote' 'back\slash' 'tab	here' 'new
line'; do
    echo "$name" >"pkg/foo/$name"
    tag "linuxkit/foo:$foo-dirty-$all" pkg/foo
    rm "pkg/foo/$name"
done
# core.quotePath decides what is quoted.
echo x >pkg/foo/grün
git config core.quotePath false
tag "linuxkit/foo:$foo-dirty-$(cat pkg/foo/Dockerfile pkg/foo/build.yml pkg/foo/grün | sha256sum | cut -c1-7)" pkg/foo
undo
mkdir pkg/foo/nested
git init --quiet pkg/foo/nested
tag "linuxkit/foo:$foo-dirty-$all" pkg/foo
rm -rf pkg/foo/nested

# Files in conflict are there once for each stage, as git ls-files has them.
git checkout --quiet -b other
echo other >>pkg/foo/Dockerfile
commit
git checkout --quiet main
echo main >>pkg/foo/Dockerfile
commit
foo=$(tree pkg/foo)
git merge --quiet other >/dev/null 2>&1 && fail "no conflict"
[ "$(git ls-files pkg/foo | grep -c Dockerfile)" -gt 1 ] || fail "no conflict"
dirty
git merge --abort

# A change that is only staged and undone is none.
echo staged >pkg/foo/build.yml
git add pkg/foo
git show HEAD:pkg/foo/build.yml >pkg/foo/build.yml
tag "linuxkit/foo:$foo" pkg/foo
git reset --quiet --hard

# Another place to look for what to ignore, and names to take literally.
mkdir -p "$HOME/.config/git"
echo '*.tmp' >"$HOME/.config/git/ignore"
unset GIT_CONFIG_GLOBAL
echo x >pkg/foo/x.tmp
tag "linuxkit/foo:$foo" pkg/foo
package 'pkg/f*' 'image: star'
commit
echo more >>pkg/foo/Dockerfile
tag "linuxkit/star:$(tree 'pkg/f*')" 'pkg/f*'
dirty
