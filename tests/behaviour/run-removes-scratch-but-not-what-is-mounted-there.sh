#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a case leaves mounted in RTFX_TMP is detached; the files behind the mount stay.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
mkdir precious
touch precious/file
test_case 010_mounts <<'SH'
mkdir "$RTFX_TMP/a b"
mount --bind "$PRECIOUS" "$RTFX_TMP/a b"
mount -t tmpfs none "$RTFX_TMP/a b"
test ! -e "$RTFX_TMP/a b/file"
echo "$RTFX_TMP" >"$RT_RESULTS/tmp"
SH
# In a mount namespace of its own, which takes what would go wrong with it.
unshare --mount true 2>/dev/null || { echo "no right to mount: nothing to show"; exit 0; }
expect_exit 0 unshare --mount "$RTFX" run -e "PRECIOUS=$PWD/precious"
[ -e precious/file ] || fail "the mounted files were removed"
[ ! -e "$(cat _results/latest/tmp)" ] || fail "the directory is left"
