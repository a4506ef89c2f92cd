#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C and SIGTERM: exit 130, no process is left after two seconds, the results are on disk.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_done
test_case 020_stubborn <<'SH'
trap '' INT TERM HUP
setsid sleep 31.5 &
touch "$RT_RESULTS/ready"
while :; do sleep 31.25; done
SH
passing_case 030_never

for signal in INT TERM; do
    # A shell starts background commands with SIGINT ignored; rtfx as it is on a terminal must not be.
    env --default-signal=INT "$RTFX" run --id "$signal" >output 2>&1 &
    pid=$!
    wait_for test -e "_results/$signal/ready"
    kill -"$signal" "$pid"
    before=$(date +%s%N)
    code=0
    wait "$pid" || code=$?
    took=$((($(date +%s%N) - before) / 1000000))
    [ "$code" -eq 130 ] || { cat output >&2; fail "SIG$signal: exit $code"; }
    [ "$took" -lt 2000 ] || fail "SIG$signal: $took ms"
    [ -z "$(processes_with 'sleep 31[.]')" ] || fail "SIG$signal: processes are left"
    [ "$(jq -r '[.results[].status] | join(" ")' "_results/$signal/SUMMARY.json")" = 'pass cancel missing' ] || fail "SIG$signal: results"
    expect_output 'the run was interrupted'
    check_junit "_results/$signal/junit.xml"
done
