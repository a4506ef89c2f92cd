#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --global-timeout: what runs ends as timeout, with all its processes; the rest has no result; every report is written, exit 1.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_done
test_case 020_long <<'SH'
trap '' TERM
setsid sleep 34.125 &
sleep 34.25
sleep 34.5
SH
passing_case 030_never

expect_exit 1 timeout 20 "$RTFX" run --global-timeout 1s
expect_output '^\[TIMEOUT \] top.long '
expect_output 'the time limit of the whole run, 1s, was over'
[ "$(jq -r '[.results[].status] | join(" ")' _results/latest/SUMMARY.json)" = 'pass timeout missing' ] || fail "results"
[ -z "$(processes_with 'sleep 34[.]')" ] || fail "processes are left"
check_junit _results/latest/junit.xml
expect_exit 2 "$RTFX" run --global-timeout never
expect_output '--global-timeout "never": expected seconds, or 30s, 5m or 1h'
