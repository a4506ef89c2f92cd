#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Long lines, binary bytes and much output reach the log unharmed, and the reports survive them.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_line <<'SH'
head -c 1000000 /dev/zero | tr '\0' x
echo
echo RT_BENCHMARK_RESULT: 7 s
echo the end
SH
test_case 020_binary <<'SH'
cat data
SH
test_case 030_much <<'SH'
yes 'a line of output that is repeated again and again' | head -n 200000
SH
test_case 040_tail <<'SH'
seq 20000
printf 'no newline at the end'
SH
head -c 300000 /dev/urandom >cases/020_binary/data

expect_exit 0 timeout 60 "$RTFX" run
expect_output '^\[PASS    \] top.line .*\[Benchmark: 7 s\]'
results=_results/latest
[ "$(wc -c <$results/top.line.log)" -eq 1000034 ] || fail "long line: $(wc -c <$results/top.line.log) bytes"
cmp cases/020_binary/data $results/top.binary.log || fail "binary output changed"
[ "$(wc -l <$results/top.much.log)" -eq 200000 ] || fail "lines are lost"
{ seq 20000; printf 'no newline at the end'; } | cmp - $results/top.tail.log || fail "the tail is lost"
check_junit $results/junit.xml
