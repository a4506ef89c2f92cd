#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --resume runs the cases that have no result of their own, with the labels of the run that it continues, and nothing twice.
. "$RTFX_SOURCE/tests/lib/cases.sh"
group . 'NAME: top' <<'SH'
echo "$1" >>"$RT_RESULTS/ran"
SH
for case in 010_a 020_b; do
    test_case $case 'LABELS: wanted' <<'SH'
echo "$RT_TEST_NAME" >>"$RT_RESULTS/ran"
SH
done
test_case 015_hangs 'LABELS: wanted' <<'SH'
echo "$RT_TEST_NAME" >>"$RT_RESULTS/ran"
touch "$RT_RESULTS/ready"
[ ! -e "$RT_PROJECT_ROOT/../wait" ] || sleep 33.25
SH
passing_case 030_skipped 'LABELS: other'

for signal in INT KILL; do
    touch wait
    env --default-signal=INT "$RTFX" -l wanted run --id "$signal" >output 2>&1 &
    pid=$!
    wait_for test -e "_results/$signal/ready"
    kill -$signal "$pid"
    wait "$pid" || :
    rm wait
    expect_exit 0 "$RTFX" run --resume "$signal"
    expect_output 'note: 2 of the run .* have a result, 2 are left|note: 2 cases of the run .* have a result, 2 are left'
    expect_no_output '^\[PASS    \] top.a '
    [ "$(tr '\n' ' ' <"_results/$signal/ran")" = 'init top.a top.hangs init top.hangs top.b deinit ' ] ||
        fail "$signal: ran $(tr '\n' ' ' <"_results/$signal/ran")"
    [ "$(jq -r '[.results[] | .name + ":" + .status] | join(" ")' "_results/$signal/SUMMARY.json")" = \
        'top.a:pass top.hangs:pass top.b:pass top.skipped:skip' ] || fail "$signal: $(jq -c .results "_results/$signal/SUMMARY.json")"
    [ "$(jq .complete "_results/$signal/SUMMARY.json")" = true ] || fail "$signal: not complete"
    check_junit "_results/$signal/junit.xml"
done

# Nothing is left: the result is that of the run.
expect_exit 0 "$RTFX" run --resume INT
expect_output '3 passed'
[ "$(wc -l <_results/INT/ran)" -eq 7 ] || fail "something ran again"
expect_exit 2 "$RTFX" run --resume INTT
expect_output 'INTT: there is no such run in .*did you mean "INT"'
expect_exit 2 "$RTFX" run --resume INT top.a
expect_output 'leave out'
rm -r cases/020_b
sed -i '/"finished".*top\.b/d; /run_finished/d' _results/INT/events.jsonl
expect_exit 1 "$RTFX" run --resume INT
expect_output 'there is no such case any more'
