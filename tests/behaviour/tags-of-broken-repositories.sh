#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A repository that is damaged is told as such, in one line: its packages are not taken for ones outside git, nor for
# clean ones. linuxkit prints "latest" for several of these.
. "$RTFX_SOURCE/tests/lib/tags.sh"
make_repository
cd ..
fresh() { # makes ./broken anew and is in it
    cd "$top"
    rm -rf broken
    cp -r repo broken
    cd broken
}
top=$PWD

fresh
echo garbage >.git/HEAD
refused 2 'broken' pkg/foo
fresh
echo 'ref: refs/heads/gone' >.git/HEAD
refused 2 'broken has no commits yet' pkg/foo
fresh
echo 0123456789012345678901234567890123456789 >.git/refs/heads/main
refused 2 'HEAD of .*/broken' pkg/foo
fresh
object=$(git rev-parse HEAD:pkg)
chmod -R u+w .git/objects
rm ".git/objects/$(echo "$object" | cut -c1-2)/$(echo "$object" | cut -c3-)"
refused 2 'object not found|could not be found|missing' pkg/foo
fresh
object=$(git rev-parse 'HEAD^{tree}')
chmod -R u+w .git/objects
: >".git/objects/$(echo "$object" | cut -c1-2)/$(echo "$object" | cut -c3-)"
refused 2 'broken' pkg/foo
fresh
echo garbage >.git/index
refused 2 'reading the index of .*/broken' pkg/foo
fresh
echo '[core' >.git/config
refused 2 'config' pkg/foo
fresh
rm -rf .git/objects .git/refs
refused 2 'broken/.git is not a git repository' pkg/foo
fresh
rm -rf .git
mkdir .git
refused 2 'broken/.git is not a git repository: it is empty, damaged' pkg/foo
tag linuxkit/foo:h --hash h ../repo/pkg/foo
fresh
rm -rf .git
echo 'gitdir: /nonexistent' >.git
refused 2 'broken/.git is not a git repository: .* points to one that is gone' pkg/foo
fresh
rm -rf .git
echo 'something else' >.git
refused 2 'broken/.git' pkg/foo
# The repository around it is not asked instead.
fresh
mkdir pkg/foo/.git
refused 2 'pkg/foo/.git is not a git repository' pkg/foo
tag "acme/bar:$(sha1 "$(tree pkg/bar)" "$(tree pkg/common)" "$(tree src/lib)")" pkg/bar

cd "$top"
git clone --quiet --bare repo bare.git
package bare.git/foo 'image: foo'
refused 2 'bare.git.* has no work tree' bare.git/foo
