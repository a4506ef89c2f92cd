#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A case over its time limit ends as timeout with all its processes, also when they ignore SIGTERM or left the session.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_stubborn 'TIMEOUT: 1s' <<'SH'
trap '' TERM
setsid sh -c 'trap "" TERM; while :; do sleep 32.5; done' &
sleep 32.25 &
while :; do sleep 32.75; done
SH
test_case 020_stopped <<'SH'
kill -STOP $$
SH
passing_case 030_after

expect_exit 1 timeout 30 "$RTFX" run --timeout 1
expect_output '^\[TIMEOUT \] top.stubborn '
expect_output '^ +timed out after 1'
expect_output '^\[TIMEOUT \] top.stopped '
expect_output '^\[PASS    \] top.after '
[ -z "$(processes_with 'sleep 32[.]')" ] || fail "processes are left"
expect_summary timed_out 2
grep -q ',top.stubborn,Fail,' _results/latest/TESTS.csv || fail "not a failure for readers of rtf's columns"
printf '# TIMEOUT: 5 parsecs\n' >cases/030_after/test.sh
expect_exit 2 "$RTFX" run
expect_output 'cases/030_after/test.sh:1: TIMEOUT: "5 parsecs"'
