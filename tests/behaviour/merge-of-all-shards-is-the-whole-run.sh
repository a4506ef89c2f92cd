#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shards that are merged give the rows of the run that was not divided, in its order.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
group 020_g <<'SH'
echo "group $1"
SH
passing_case 010_a
test_case 020_g/010_b 'SUMMARY: says, something' <<'SH'
echo out; exit 1
SH
passing_case 020_g/020_c
passing_case 020_g/030_d 'LABELS: never'
test_case 030_e 'REPEAT: 2' <<'SH'
echo RT_BENCHMARK_RESULT: 1 MB/s
SH
passing_case 040_f
group 050_h <<'SH'
[ "$1" = deinit ]
SH
passing_case 050_h/010_i
passing_case 050_h/020_j
expect_exit 1 "$RTFX" run --id whole
for n in 1 2 3; do
    "$RTFX" run --id "part$n" -s "$n/3" >/dev/null 2>&1 || :
done
# The order in which they are given is not the one of the tree.
expect_exit 0 "$RTFX" merge --id merged _results/part3 _results/part1 _results/part2
expect_output '^_results/merged: 5 passed, 1 failed, 2 with an error, 1 skipped$'
[ "$(wc -l <output)" -eq 1 ] || fail "more is said than is to be said"

rows() { # RUN: without ids and times
    jq -S 'del(.id, .start, .end, .version, .merged) | .results[] |= del(.start, .end, .duration)' "_results/$1/SUMMARY.json" >"$1.json"
    cut -d, -f4- "_results/$1/TESTS.csv" >"$1.csv"
    sed -E 's/ (time|timestamp)="[^"]*"//g; s/rtfx (whole|merged)/rtfx/' "_results/$1/junit.xml" >"$1.xml"
}
rows whole
rows merged
expect_same SUMMARY.json whole.json merged.json
expect_same TESTS.csv whole.csv merged.csv
expect_same junit.xml whole.xml merged.xml
check_junit _results/merged/junit.xml
[ "$(jq -c .merged _results/merged/SUMMARY.json)" = '["part3","part1","part2"]' ] || fail "merged"

# A report made anew says the same.
cp _results/merged/SUMMARY.json before.json
expect_exit 0 "$RTFX" report _results/merged
expect_same "the report that is made again" before.json _results/merged/SUMMARY.json
