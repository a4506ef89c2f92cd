#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A full disk for the results: told, exit 1, never a false pass.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_writes <<'SH'
head -c 3000000 /dev/zero
SH
test_case 020_in_the_way <<'SH'
mkdir "$RT_RESULTS/TESTS.csv"
SH
expect_exit 1 "$RTFX" run top.in_the_way
expect_output '^\[PASS    \] top.in_the_way '
expect_output '^rtfx: .*TESTS.csv: Is a directory'
expect_output '^rtfx: every result is in .*/events.jsonl; when that is mended, run: rtfx report '
rmdir _results/latest/TESTS.csv
expect_exit 0 "$RTFX" report _results/latest
expect_output '1 passed'

ulimit -f 1000 # blocks of 512 bytes or 1 KiB
trap '' XFSZ
expect_exit 1 "$RTFX" run
expect_output 'File too large'
expect_no_output '^\[PASS'
