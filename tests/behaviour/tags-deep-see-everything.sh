#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `tags: deep`: whatever the image is made of changes the tag; a clean package that is nothing but its tree keeps
# linuxkit's. The hashed texts are those of docs/tags.md.
. "$RTFX_SOURCE/tests/lib/tags.sh"
make_repository
printf 'errors\noutput\nprinted\nrtfx.yml\ncases\n' >.git/info/exclude
deep() { project deep; }
linuxkit() { project linuxkit; }
undo() { git reset --quiet --hard && git clean --quiet --force -d; }
show() { "$RTFX" pkg show-tag "$@" || fail "show-tag $* has failed"; }

deep
foo=$(tree pkg/foo)
tag "linuxkit/foo:$foo" pkg/foo
bar=$(printf 'rtfx tag 1\ntree %s\nsource %s "/common"\nsource %s "/lib"\n' "$(tree pkg/bar)" "$(tree pkg/common)" "$(tree src/lib)" | sha1sum | cut -d' ' -f1)
tag "acme/bar:$bar" pkg/bar

# Each kind of dirt has digits of its own; what they are is a hash of what differs.
dirt_text() { # LINE...
    { printf 'rtfx dirt 1\nat "/"\n'; for line; do printf "%s\n" "$line"; done; } | sha256sum | cut -c1-7
}
sha256() { printf %s "$1" | sha256sum | cut -d' ' -f1; }
seen=
differs() { # WHAT DIR: its tag is dirty, and new
    got=$(show "$2")
    case $got in *-dirty-*) ;; *) fail "$1 is not seen: $got" ;; esac
    case " $seen " in *" $got "*) fail "$1 gives the same tag as another change: $got" ;; esac
    seen="$seen $got"
}
chmod +x pkg/foo/Dockerfile
tag "linuxkit/foo:$foo-dirty-$(dirt_text "change 100755 $(sha256sum <pkg/foo/Dockerfile | cut -d' ' -f1) \"Dockerfile\"")" pkg/foo
differs 'a mode' pkg/foo
undo
rm pkg/foo/Dockerfile
tag "linuxkit/foo:$foo-dirty-$(dirt_text 'change - - "Dockerfile"')" pkg/foo
differs 'a deletion' pkg/foo
undo
ln -s a pkg/foo/new
tag "linuxkit/foo:$foo-dirty-$(dirt_text "change 120000 $(sha256 a) \"new\"")" pkg/foo
differs 'a link' pkg/foo
ln -sf b pkg/foo/new
differs 'where a link leads' pkg/foo
rm pkg/foo/new
printf x >pkg/foo/grün
differs 'a file with a name beyond ASCII' pkg/foo
printf y >pkg/foo/grün
tag "linuxkit/foo:$foo-dirty-$(dirt_text "change 100644 $(sha256 y) \"grün\"")" pkg/foo
differs 'the content of one' pkg/foo
mv pkg/foo/grün pkg/foo/blue
differs 'a name' pkg/foo
printf y >'pkg/foo/a "b" \c'
differs 'a second file' pkg/foo
tag "linuxkit/foo:$foo-dirty-$(dirt_text "change 100644 $(sha256 y) \"a \\\"b\\\" \\\\c\"" "change 100644 $(sha256 y) \"blue\"")" pkg/foo
undo
mkdir pkg/foo/nested
(cd pkg/foo/nested && echo one >file && commit)
differs 'another repository' pkg/foo
echo two >pkg/foo/nested/file
differs 'a change in it' pkg/foo
rm -rf pkg/foo/nested
tag "linuxkit/foo:$foo" pkg/foo

# Extra sources.
printf x >src/lib/new
tag "acme/bar:$bar-dirty-$(printf 'rtfx dirt 1\nat "/lib"\nchange 100644 %s "new"\n' "$(sha256 x)" | sha256sum | cut -c1-7)" pkg/bar
tag "linuxkit/foo:$foo" pkg/foo
linuxkit
tag "acme/bar:$(sha1 "$(tree pkg/bar)" "$(tree pkg/common)" "$(tree src/lib)")" pkg/bar
deep
undo
sed -i 's,:/common,:/other,' pkg/bar/build.yml
commit
moved=$(show pkg/bar)
[ "$moved" != "acme/bar:$bar" ] || fail "the place of an extra source is not seen"
undo

# Files that git was told not to look at.
git update-index --assume-unchanged pkg/foo/Dockerfile
tag "linuxkit/foo:$foo" pkg/foo
echo more >>pkg/foo/Dockerfile
differs 'an assume-unchanged file' pkg/foo
linuxkit
tag "linuxkit/foo:$foo" pkg/foo
deep
git update-index --no-assume-unchanged pkg/foo/Dockerfile
undo

# What a package needs: a change of it changes the tag of its user, and its dirt is dirt.
package pkg/user 'image: user' 'buildArgs:' '  - FOO=@lkt:pkg:../foo'
commit
user=$(show pkg/user)
[ "$user" != "linuxkit/user:$(tree pkg/user)" ] || fail "the needed package does not count"
echo "$user" | grep -qE '^linuxkit/user:[0-9a-f]{40}$' || fail "not clean: $user"
tree_of_user=$(tree pkg/user)
echo more >>pkg/foo/Dockerfile
differs 'dirt of a needed package' pkg/user
commit
[ "$(tree pkg/user)" = "$tree_of_user" ] || fail "the user itself has changed"
[ "$(show pkg/user)" != "$user" ] || fail "a change of the needed package is not seen"
linuxkit
tag "linuxkit/user:$tree_of_user" pkg/user
deep
refused 2 'does not contain the package' --hash-path pkg/fo pkg/foo

# Submodules: another commit, a change, an untracked file, one that is not checked out.
cd ..
mkdir module
cd module
echo one >file
commit
cd ../repo
git -c protocol.file.allow=always submodule --quiet add "$PWD/../module" pkg/foo/module
commit
clean=$(show pkg/foo)
[ "$clean" = "linuxkit/foo:$(tree pkg/foo)" ] || fail "a submodule is dirt: $clean"
echo two >>pkg/foo/module/file
differs 'a change in a submodule' pkg/foo
git -C pkg/foo/module commit --quiet --all --message two
differs 'another commit of a submodule' pkg/foo
git -C pkg/foo/module checkout --quiet HEAD~1
echo new >pkg/foo/module/new
differs 'an untracked file in a submodule' pkg/foo
linuxkit
tag "$clean" pkg/foo
deep
rm pkg/foo/module/new
tag "$clean" pkg/foo
git submodule --quiet deinit --force pkg/foo/module
differs 'a submodule that is not checked out' pkg/foo
