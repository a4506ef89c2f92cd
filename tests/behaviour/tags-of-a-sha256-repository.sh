#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libgit2 cannot read sha256 repositories: there the git program is asked, and the hashes have 64 digits.
. "$RTFX_SOURCE/tests/lib/tags.sh"
git init --quiet --object-format=sha256 probe 2>/dev/null || exit 0
make_repository --object-format=sha256
printf 'errors\noutput\nprinted\nrtfx.yml\ncases\n' >.git/info/exclude
foo=$(tree pkg/foo)
[ "${#foo}" -eq 64 ] || fail "not a sha256 repository"
tag "linuxkit/foo:$foo" pkg/foo
tag "linuxkit/foo:$foo" --hash-commit main pkg/foo
tag "linuxkit/foo:$(tree .)" --hash-path . pkg/foo
tag "acme/bar:$(sha1 "$(tree pkg/bar)" "$(tree pkg/common)" "$(tree src/lib)")" pkg/bar
echo more >>pkg/foo/Dockerfile
tag "linuxkit/foo:$foo-dirty-$(dirt pkg/foo)" pkg/foo
project deep
tag "linuxkit/foo:$foo-dirty-$(printf 'rtfx dirt 1\nat "/"\nchange 100644 %s "Dockerfile"\n' "$(sha256sum <pkg/foo/Dockerfile | cut -d' ' -f1)" | sha256sum | cut -c1-7)" pkg/foo
refused 2 'has no commit nosuch' --hash-commit nosuch pkg/foo

# A hook's variables do not lead elsewhere.
GIT_DIR=$PWD/../probe/.git GIT_INDEX_FILE=/nonexistent tag "linuxkit/foo:$foo" --hash-commit HEAD~0 pkg/foo

# Without git there is nobody to ask.
mkdir ../empty
saved=$PATH
# shellcheck disable=SC2123
PATH=$PWD/../empty
code=0
"$RTFX" pkg show-tag pkg/foo >/dev/null 2>output || code=$?
PATH=$saved
[ "$code" -ne 0 ] || fail "a tag without git"
[ "$(wc -l <output)" -eq 1 ] || fail "not one line"
expect_output 'git is not installed: apt-get install git'

# The git program has its own opinion about owners.
if [ "$(id -u)" -eq 0 ]; then
    rm rtfx.yml
    git checkout --quiet -- .
    chown -R 12345:12345 .
    unset SUDO_UID || :
    refused 2 'dubious ownership .*; git config --global --add safe.directory DIR accepts it' pkg/foo
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' tag "linuxkit/foo:$foo" pkg/foo
fi
