#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Repositories that are unusual but whole give the tags of their packages: shallow and partial clones, work trees,
# submodules, sparse checkouts, other owners, conversions and filters of files.
. "$RTFX_SOURCE/tests/lib/tags.sh"
make_repository
printf 'errors\noutput\nprinted\n' >.git/info/exclude
foo=$(tree pkg/foo)
plain="linuxkit/foo:$foo"
top=$PWD
cd ..

git clone --quiet --depth 1 "file://$top" shallow
tag "$plain" shallow/pkg/foo
git clone --quiet --shared "$top" shared
tag "$plain" shared/pkg/foo
git -C "$top" config uploadpack.allowFilter true
git clone --quiet --filter=blob:none "file://$top" partial
grep -q partialclonefilter partial/.git/config || fail "not a partial clone"
tag "$plain" partial/pkg/foo
git -C "$top" worktree add --quiet "$PWD/worktree" 2>/dev/null
tag "$plain" worktree/pkg/foo
echo more >>worktree/pkg/foo/Dockerfile
tag "$plain-dirty-$(dirt worktree/pkg/foo)" worktree/pkg/foo
tag "$plain" "$top/pkg/foo"

mkdir outer
(cd outer && echo outer >file && commit &&
    git -c protocol.file.allow=always submodule --quiet add "$top" inner && commit)
tag "$plain" outer/inner/pkg/foo
git clone --quiet "$top" outer/nested
tag "$plain" outer/nested/pkg/foo

# An index that holds only a part, and one that is split.
git clone --quiet "$top" sparse
git -C sparse sparse-checkout set --cone --sparse-index pkg/foo
tag "$plain" sparse/pkg/foo
git clone --quiet "$top" split
git -C split update-index --split-index
tag "$plain" split/pkg/foo
git clone --quiet "$top" packed
git -C packed gc --quiet
git -C packed pack-refs --all
tag "$plain" packed/pkg/foo
git clone --quiet --separate-git-dir="$PWD/elsewhere.git" "$top" separate
tag "$plain" separate/pkg/foo

# The owner does not matter: nothing that the configuration of a repository names is run.
if [ "$(id -u)" -eq 0 ]; then
    git clone --quiet "$top" foreign
    chown -R 12345:12345 foreign
    tag "$plain" foreign/pkg/foo
fi

# The variables of git hooks do not lead to another repository.
cd shared
GIT_DIR=$PWD/../packed/.git GIT_WORK_TREE=$PWD/../packed tag "$plain" pkg/foo
GIT_INDEX_FILE=/nonexistent tag "$plain" pkg/foo
cd "$top"

# Line ends. git status says what is dirt.
clean() { # DIR
    [ -z "$(git status --porcelain -- "$1")" ] || fail "git does not find $1 clean"
    tag "linuxkit/foo:$(tree "$1")" "$1"
}
printf '* text=auto\n*.bat text eol=crlf\n' >.gitattributes
printf 'a\nb\n' >pkg/foo/x.bat
printf 'a\nb\n' >pkg/foo/x.txt
commit
rm pkg/foo/x.bat
git checkout --quiet -- pkg/foo/x.bat
[ "$(wc -c <pkg/foo/x.bat)" -eq 6 ] || fail "no conversion"
clean pkg/foo
touch pkg/foo/x.bat
clean pkg/foo
git config core.autocrlf true
rm pkg/foo/x.txt
git checkout --quiet -- pkg/foo/x.txt
clean pkg/foo
git config --unset core.autocrlf

# Filters, as git-lfs has them, and encodings: libgit2 knows neither, so git is asked.
git config filter.upper.clean 'tr a-z A-Z'
git config filter.upper.smudge 'tr A-Z a-z'
git config filter.upper.required true
# (Without the attributes from above, their files would be changed; git may not notice, for it compares whole seconds.)
printf '*.up filter=upper\n*.u16 text working-tree-encoding=UTF-16\n' >>.gitattributes
printf 'content\n' >pkg/foo/x.up
printf '\377\376a\000\n\000' >pkg/foo/x.u16
commit
[ "$(git cat-file -p HEAD:pkg/foo/x.up)" = CONTENT ] || fail "no filter"
touch -d '2001-01-01' pkg/foo/x.up pkg/foo/x.u16
clean pkg/foo
echo other >pkg/foo/x.up
tag "linuxkit/foo:$(tree pkg/foo)-dirty-$(dirt pkg/foo)" pkg/foo
