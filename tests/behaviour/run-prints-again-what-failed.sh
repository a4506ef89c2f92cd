#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# After a long run what failed and what was flaky is said once more, with reasons and logs; after a short one it is still
# to be seen.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_bad <<'SH'
echo reason >&2; exit 3
SH
test_case 011_flaky "RETRIES: 1" <<'SH'
[ "$RTFX_ATTEMPT" -eq 2 ]
SH
expect_exit 1 "$RTFX" run
[ "$(grep -c 'FAIL.*top.bad' output)" -eq 1 ] || fail "a failure is said twice in a short run"
expect_output 'RETRY.* top.flaky .*attempt 1: exit 1'
expect_output 'FLAKY.* top.flaky .*passed at attempt 2'
expect_output 'SUMMARY.* 1 passed \(1 flaky\), 1 failed$'

for i in 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39; do passing_case "0${i}_good"; done
expect_exit 1 "$RTFX" run -j 4
sed -n '/once more/,/LogDir/p' output >again
grep -A2 'FAIL.* top.bad' again | grep -q 'exit 3' || { cat output >&2; fail "the failure is not said again"; }
grep -A2 'FAIL.* top.bad' again | grep -q 'log: .*top.bad.log' || fail "its log is not named"
grep -q 'FLAKY.* top.flaky' again || fail "the flaky case is not said again"
! grep -q PASS again || fail "passes are said again"
