#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Control characters, bad UTF-8, markup and odd names leave junit.xml valid.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_control <<'SH'
printf '\000\001\002\010\013\014\016\033[31mred\033[0m\177\200\377\376 ]]> <a b="c">&amp; &#1;\r\n'
printf '\357\277\276 \355\240\200 \300\200 \364\220\200\200 \342\202\n' # U+FFFE, a surrogate, overlong, too large, cut off
exit 1
SH
test_case '020_na<m>e & "quotes"' 'SUMMARY: <&"' <<'SH'
exit 1
SH
odd=$(printf '030_ctrl\001\377x')
test_case "$odd" <<'SH'
exit 1
SH
newline=$(printf '040_two\nlines')
test_case "$newline" <<'SH'
printf '\033]0;title\007' >&2; exit 1
SH
test_case 050_huge <<'SH'
head -c 10000000 /dev/urandom
exit 1
SH
test_case '060_größe' 'SUMMARY: Größe ✓' <<'SH'
echo 'ä ✓ 😀'
SH
expect_exit 1 timeout 60 "$RTFX" run
check_junit _results/latest/junit.xml
xmllint --xpath 'string(//testcase[@name="größe"]/system-out)' _results/latest/junit.xml | grep -q 'ä ✓ 😀' || fail "good UTF-8 changed"
xmllint --xpath 'string(//testcase[@name="control"]/system-out)' _results/latest/junit.xml | grep -qF '\x1b[31mred\x1b[0m' || fail "escapes are not shown"
[ "$(wc -c <_results/latest/junit.xml)" -lt 2000000 ] || fail "junit.xml is too large"
[ "$(wc -c <_results/latest/top.huge.log)" -eq 10000000 ] || fail "the log is not complete"
jq -e . _results/latest/SUMMARY.json >/dev/null || fail "SUMMARY.json"
jq -es . _results/latest/events.jsonl >/dev/null || fail "events.jsonl"
cp _results/latest/junit.xml once.xml
"$RTFX" report _results/latest >/dev/null
expect_same "the report that is made again" once.xml _results/latest/junit.xml
