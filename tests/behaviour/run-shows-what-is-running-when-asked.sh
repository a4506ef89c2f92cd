#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SIGUSR1 prints what is running, for how long, and the last lines of its output; nothing ends by it.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_first
test_case 020_slow <<'SH'
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "line $i"; done
printf 'no newline \033[31m'
touch "$RT_RESULTS/ready"
while ! [ -e "$RT_RESULTS/go" ]; do sleep 0.05; done
SH
"$RTFX" run --id asked >output 2>&1 &
rtfx=$!
wait_for test -e _results/asked/ready
kill -USR1 "$rtfx"
wait_for grep -q 'no newline' output
sed -i 's/[0-9.]*s attempt/TIMEs attempt/; s/, [0-9]*s$/, TIMEs/; s/, about.*$//; s|log: .*/_results|log: _results|' output
cat >wanted <<'TEXT'
[STATUS  ] 1/2 done, 1 running, TIMEs
[RUNNING ] top.slow TIMEs attempt 1
           log: _results/asked/top.slow.log
           | line 4
           | line 5
           | line 6
           | line 7
           | line 8
           | line 9
           | line 10
           | line 11
           | line 12
           | no newline \x1b[31m
TEXT
sed -n '/STATUS/,$p' output >got
expect_same "what is running" wanted got
touch _results/asked/go
wait "$rtfx" || fail "exit $?"
jq -e '.passed == 2' _results/asked/SUMMARY.json >/dev/null || fail "a case has not passed"
