#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 in the middle: what ended is in the log, and rtfx report makes every report of it; what has no result is missing.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_done
test_case 020_hangs <<'SH'
echo started
touch "$RT_RESULTS/hangs"
sleep 30.125
SH
passing_case 030_never

"$RTFX" run --id killed >output 2>&1 &
pid=$!
wait_for test -e _results/killed/hangs
kill -KILL "$pid"
wait "$pid" || :
[ ! -e _results/killed/junit.xml ] || fail "reports of a run that was killed"
printf '{"v":1,"ti' >>_results/killed/events.jsonl # as if the kill had come within a write

expect_exit 0 "$RTFX" report _results/killed
expect_output '1 passed, 2 without a result; the run did not come to its end'
for file in TESTS.csv SUMMARY.csv SUMMARY.json TESTS.log junit.xml; do
    [ -s "_results/killed/$file" ] || fail "no $file"
done
check_junit _results/killed/junit.xml
[ "$(jq -r '[.passed, .missing, .complete] | @csv' _results/killed/SUMMARY.json)" = '1,2,false' ] || fail "wrong counts"
[ "$(jq -r '[.results[].status] | join(" ")' _results/killed/SUMMARY.json)" = 'pass missing missing' ] || fail "wrong results"
grep -q '^killed,.*,top.hangs,Fail,.*,missing,no result: the run ended while it ran,' _results/killed/TESTS.csv || fail "TESTS.csv"
grep -q '^killed,.*,top.never,Fail,.*,missing,no result: it was not run,' _results/killed/TESTS.csv || fail "TESTS.csv"
gone() { [ -z "$(processes_with 'sleep 30[.]125')" ]; }
wait_for gone
