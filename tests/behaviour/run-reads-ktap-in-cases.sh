#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Results that a case prints in KTAP are results within it, in the log and in junit.xml; the case has the last word.
. "$RTFX_SOURCE/tests/lib/cases.sh"

top_group
test_case guest <<'EOF'
cat <<'KTAP'
KTAP version 1
1..3
ok 1 open
[    1.500000] not ok 2 close
ok 3 seek # SKIP no tape
KTAP
exit 1
EOF
test_case tolerant <<'EOF'
printf 'KTAP version 1\r\n1..2\r\nnot ok 1 known\r\n'
EOF
test_case plain <<'EOF'
echo ok 1 nothing
EOF
expect_exit 1 "$RTFX" -c cases run --id one

finished() { # CASE CONDITION
    jq -se "map(select(.event == \"finished\" and .name == \"top.$1\"))[0] | $2" _results/one/events.jsonl >/dev/null ||
        fail "$1: not so: $2"
}
finished guest '.tests == [{"name":"open","result":"pass"},{"name":"close","result":"fail"},
    {"name":"seek","result":"skip","detail":"SKIP no tape"}]'
finished plain 'has("tests") | not'

xml=_results/one/junit.xml
check_junit "$xml"
junit() { # XPATH
    xmllint --xpath "$1" "$xml"
}
[ "$(junit 'string(//testsuites/@tests)')" = 8 ] || fail "$(junit 'string(//testsuites/@tests)') tests"
[ "$(junit 'string(//testsuites/@failures)')" = 2 ] || fail "$(junit 'string(//testsuites/@failures)') failures"
[ "$(junit 'string(//testsuites/@skipped)')" = 3 ] || fail "$(junit 'string(//testsuites/@skipped)') skipped"
[ "$(junit 'count(//testcase[@name="guest: close"]/failure)')" = 1 ] || fail "the failure within the case"
[ "$(junit 'string(//testcase[@name="guest: seek"]/skipped/@message)')" = "SKIP no tape" ] || fail "the skip"
[ "$(junit 'string(//testcase[@name="tolerant: known"]/skipped/@message)')" = "fail, but the case passed" ] || fail "tolerated"
[ "$(junit 'string(//testcase[@name="tolerant: 2..2"]/skipped/@message)')" = \
    "missing, but the case passed: 1 of 2 results were told" ] || fail "missing"
