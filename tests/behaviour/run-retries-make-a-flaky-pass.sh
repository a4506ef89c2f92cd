#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --retries and "# RETRIES:": what passes at a later attempt is flaky, in every report; what never passes fails; each
# attempt has its log and its number.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_flaky <<'SH'
echo "attempt $RTFX_ATTEMPT"
[ ! -e "$RTFX_TMP/seen" ] || exit 9
touch "$RTFX_TMP/seen"
[ "$RTFX_ATTEMPT" -eq 3 ]
SH
test_case 020_bad 'RETRIES: 1' <<'SH'
echo "no luck, attempt $RTFX_ATTEMPT" >&2
exit 3
SH
test_case 030_never 'RETRIES: 0' <<'SH'
exit 1
SH
passing_case 040_good
test_case 050_cancelled <<'SH'
exit 253
SH

expect_exit 1 "$RTFX" run --retries 2
expect_output '^\[FLAKY   \] top\.flaky'
expect_summary passed 2
expect_summary flaky 1
expect_summary failed 2
results=_results/latest
[ "$(cat $results/top.flaky.log)" = 'attempt 3' ] || fail "the log is not that of the last attempt"
[ "$(cat $results/top.flaky.attempt-1.log)" = 'attempt 1' ] || fail "no log of the first attempt"
[ "$(jq -c '[.results[] | [.name, .status, (.attempts // [] | length)]]' $results/SUMMARY.json)" = \
    '[["top.flaky","pass",2],["top.bad","fail",1],["top.never","fail",0],["top.good","pass",0],["top.cancelled","cancel",0]]' ] ||
    fail "attempts: $(jq -c .results $results/SUMMARY.json)"
check_junit $results/junit.xml
xmllint --xpath '//testcase[@name="flaky"][count(flakyFailure) = 2][not(failure)]' $results/junit.xml >found || fail "JUnit: flaky"
xmllint --xpath '//testcase[@name="bad"][failure][count(rerunFailure) = 1]' $results/junit.xml >found || fail "JUnit: bad"
rm -r cases/020_bad cases/030_never
expect_exit 0 "$RTFX" run --retries 2
printf '# RETRIES: often\n' >cases/040_good/test.sh
expect_exit 2 "$RTFX" run
expect_output 'cases/040_good/test.sh:1: RETRIES: "often"'
expect_exit 2 "$RTFX" run --retries -1
