#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A full disk for the results: told, exit 1, never a false pass.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_writes <<'SH'
head -c 3000000 /dev/zero
SH
ulimit -f 1000 # blocks of 512 bytes or 1 KiB
trap '' XFSZ
expect_exit 1 "$RTFX" run
expect_output 'File too large'
expect_no_output '^\[PASS'
