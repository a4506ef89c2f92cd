#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the exit code of rtfx run says.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_ok
test_case 020_bad 'LABELS: bad' <<'SH'
exit 3
SH
test_case 030_cancelled 'LABELS: cancelled' <<'SH'
exit 253
SH
test_case 040_killed 'LABELS: killed' <<'SH'
kill -KILL $$
SH

expect_exit 0 "$RTFX" run
expect_output '^\[PASS    \] top.ok '
expect_exit 1 "$RTFX" -l bad run
expect_output '^\[FAIL    \] top.bad '
expect_output '^ +exit 3$'
expect_output "^ +log: $PWD/_results/.*/top.bad.log$"
expect_exit 1 "$RTFX" -l killed run top.killed
expect_output 'killed by signal 9'
expect_exit 4 "$RTFX" -l cancelled run top.cancelled
expect_output 'nothing was run'
expect_exit 4 "$RTFX" run top.bad
expect_output 'SKIP.*top.bad .*needs the label bad'
expect_exit 4 "$RTFX" run top.oks
expect_output 'no case matches the pattern "top.oks"; did you mean "top.ok"'
expect_exit 2 "$RTFX" run --shard 3/2
expect_exit 2 "$RTFX" run --timeout soon
expect_exit 2 "$RTFX" run -e NAME
passing_case 060_wrong 'TIMEOUT: soon'
expect_exit 2 "$RTFX" run
expect_output 'cases/060_wrong/test.sh:2: TIMEOUT: "soon" is not a time'
