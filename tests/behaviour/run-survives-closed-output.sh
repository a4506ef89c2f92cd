#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A reader of the console that goes away does not end the run.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
for i in 1 2 3 4 5 6; do
    test_case "0${i}0_t$i" <<'SH'
echo one line; echo another >&2
sleep 0.1
SH
done
{ "$RTFX" run -vv --id piped 2>&1; echo $? >code; } | head -n 1 >/dev/null
[ "$(cat code)" -eq 0 ] || fail "exit $(cat code)"
[ "$(jq .passed _results/piped/SUMMARY.json)" -eq 6 ] || fail "not everything ran"
"$RTFX" run --id closed >&- 2>&- || fail "exit $? with closed descriptors"
[ "$(jq .passed _results/closed/SUMMARY.json)" -eq 6 ] || fail "not everything ran with closed descriptors"
check_junit _results/closed/junit.xml
