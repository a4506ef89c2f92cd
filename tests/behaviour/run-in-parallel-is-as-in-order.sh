#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# With many jobs the results, their order and every log are the same as with one; no line of a case is in another's log.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
group 010_g </dev/null
for n in 1 2 3 4 5 6 7 8; do
    for place in 0${n}0_t$n 010_g/0${n}0_u$n; do
        test_case $place 'REPEAT: 2' <<'SH'
i=0
while [ $i -lt 300 ]; do
    echo "$RT_TEST_NAME out $i"
    echo "$RT_TEST_NAME err $i" >&2
    i=$((i + 1))
done
case $RT_TEST_NAME in *3.1) exit 1 ;; *5.2) exit 253 ;; esac
SH
    done
done
for jobs in 1 8; do
    expect_exit 1 timeout 100 "$RTFX" run -j $jobs --id $jobs
    jq -r '.results[] | [.name, .status, .log] | @csv' _results/$jobs/SUMMARY.json >$jobs.txt
    for log in _results/$jobs/top.*.log; do
        name=${log##*/}
        case $name in *.group-*) continue ;; esac
        ! grep -v "^${name%.log} " "$log" || fail "$log has lines of another case"
        [ "$(wc -l <"$log")" -eq 600 ] || fail "$log has $(wc -l <"$log") lines"
        grep out "$log" >"$jobs.$name.out"
        grep err "$log" >>"$jobs.$name.out"
    done
done
expect_same "the results with 8 jobs" 1.txt 8.txt
for file in 1.top.*.out; do
    expect_same "$file" "$file" "8${file#1}"
done
