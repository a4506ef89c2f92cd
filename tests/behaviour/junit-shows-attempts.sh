#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Earlier attempts are in every report; junit.xml has them as Jenkins reads them.
. "$RTFX_SOURCE/tests/lib/cases.sh"
mkdir run
unit='"kind":"case","name":"top.flaky","arch":"amd64"'
worse='"kind":"case","name":"top.fails","arch":"amd64"'
cat >run/events.jsonl <<EOF
{"v":1,"time":"2026-11-20T08:00:00Z","event":"run_started","run":"run","host":{"hostname":"builder-7"}}
{"v":1,"time":"2026-11-20T08:00:00Z","event":"planned",$unit,"file":"cases/flaky/test.sh"}
{"v":1,"time":"2026-11-20T08:00:00Z","event":"planned",$worse}
{"v":1,"time":"2026-11-20T08:00:01Z","event":"started",$unit}
{"v":1,"time":"2026-11-20T08:00:02Z","event":"retried",$unit,"attempt":1,"result":"timeout","reason":"timed out <after> 1 s","elapsed_ns":1000000000,"log":"flaky.1.log"}
{"v":1,"time":"2026-11-20T08:00:02Z","event":"started",$unit,"attempt":2}
{"v":1,"time":"2026-11-20T08:00:03Z","event":"finished",$unit,"result":"pass","elapsed_ns":500000000,"log":"flaky.log"}
{"v":1,"time":"2026-11-20T08:00:03Z","event":"started",$worse}
{"v":1,"time":"2026-11-20T08:00:04Z","event":"retried",$worse,"attempt":1,"result":"fail","reason":"exit 1","elapsed_ns":1}
{"v":1,"time":"2026-11-20T08:00:04Z","event":"started",$worse,"attempt":2}
{"v":1,"time":"2026-11-20T08:00:05Z","event":"finished",$worse,"result":"fail","reason":"exit 2","elapsed_ns":1}
{"v":1,"time":"2026-11-20T08:00:05Z","event":"run_finished","complete":true}
EOF
printf 'first \033[31mred\n' >run/flaky.1.log
echo second >run/flaky.log
expect_exit 0 "$RTFX" report run
expect_output '^run: 1 passed \(1 flaky\), 1 failed$'
check_junit run/junit.xml

junit() { # XPATH
    xmllint --xpath "$1" run/junit.xml
}
flaky='//testcase[@name="flaky"]'
[ "$(junit "string($flaky/flakyFailure/@type)")" = timeout ] || fail "type"
[ "$(junit "string($flaky/flakyFailure/@message)")" = 'attempt 1: timed out <after> 1 s' ] || fail "message"
[ "$(junit "string($flaky/flakyFailure/stackTrace)")" = 'timed out <after> 1 s
log: flaky.1.log' ] || fail "stackTrace"
[ "$(junit "string($flaky/flakyFailure/system-out)")" = 'first \x1b[31mred' ] || fail "system-out"
[ "$(junit "count($flaky/failure | $flaky/error | $flaky/rerunFailure)")" -eq 0 ] || fail "a flaky pass fails"
[ "$(junit "string($flaky/@file)")" = cases/flaky/test.sh ] || fail "file"
[ "$(junit 'string(//testsuite/@hostname)')" = builder-7 ] || fail "hostname"
fails='//testcase[@name="fails"]'
[ "$(junit "string($fails/failure/@message) ")" = 'exit 2' ] || fail "failure"
[ "$(junit "string($fails/rerunFailure/@message)")" = 'attempt 1: exit 1' ] || fail "rerunFailure"
[ "$(junit 'concat(//testsuites/@tests, //testsuites/@failures, //testsuites/@errors, //testsuites/@skipped)')" = 2100 ] ||
    fail "counters"

[ "$(jq -c '[.passed, .flaky, .failed, .results[0].flaky, .results[0].attempts[0].status, (.results[1].attempts | length)]' run/SUMMARY.json)" = \
    '[1,1,1,true,"timeout",1]' ] || fail "SUMMARY.json"
grep -q ',top.flaky,Pass,.*,2$' run/TESTS.csv || fail "TESTS.csv"
grep -q ',true,1$' run/SUMMARY.csv || fail "SUMMARY.csv"
grep -q '^---- attempt 1: timeout after 1.00s: timed out <after> 1 s$' run/TESTS.log || fail "TESTS.log"
grep -q '^==== pass after 0.50s \[flaky: passed at attempt 2\]$' run/TESTS.log || fail "TESTS.log: flaky"
