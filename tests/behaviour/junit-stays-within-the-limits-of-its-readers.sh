#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 30,000 failed tests, 300 of them with 120 KB of output: the file has every test, and is below GitLab's 30 MiB and
# 250,000 elements.
. "$RTFX_SOURCE/tests/lib/cases.sh"
mkdir run
{
    echo '{"v":1,"time":"2026-11-20T08:00:00Z","event":"run_started","run":"run"}'
    awk 'BEGIN {
        for (i = 0; i < 30000; i++) {
            printf "{\"v\":1,\"time\":\"2026-11-20T08:00:01Z\",\"event\":\"finished\",\"kind\":\"case\","
            printf "\"name\":\"top.group%d.case%d\",\"arch\":\"amd64\",\"result\":\"fail\",\"reason\":\"exit 1\",", i / 100, i
            printf "\"elapsed_ns\":1%s}\n", i % 100 == 0 ? ",\"log\":\"big.log\"" : ""
        }
    }'
    echo '{"v":1,"time":"2026-11-20T08:00:02Z","event":"run_finished","complete":true}'
} >run/events.jsonl
awk 'BEGIN { for (i = 0; i < 3000; i++) print "line " i " of <output> & more of it" }' >run/big.log
expect_exit 0 timeout 60 "$RTFX" report run --json
[ "$(jq '.[0].failed' output)" -eq 30000 ] || fail "$(cat output)"
check_junit run/junit.xml
[ "$(wc -c <run/junit.xml)" -lt 31457280 ] || fail "junit.xml has $(wc -c <run/junit.xml) bytes"
[ "$(grep -c '<testcase ' run/junit.xml)" -eq 30000 ] || fail "tests are left out"
[ "$(xmllint --huge --xpath 'count(//*)' run/junit.xml)" -lt 250000 ] || fail "too many elements"
[ "$(xmllint --huge --xpath 'count(//system-out)' run/junit.xml)" -ge 200 ] || fail "output is left out"
grep -q 'bytes are left out' run/junit.xml || fail "nothing says that output is left out"
