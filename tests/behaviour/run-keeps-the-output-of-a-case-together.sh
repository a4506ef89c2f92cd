#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In parallel, the lines of one case stay together on the console, and its log has no other's lines.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
for name in a b c d; do
    test_case "010_$name" <<SH
for i in 1 2 3 4 5 6; do
    echo "line $name \$i"
    sleep 0.05
done
SH
done
expect_exit 0 "$RTFX" run -j 4 -vv
grep -o 'line [a-d]' output | uniq -c >blocks
[ "$(wc -l <blocks)" -eq 4 ] || { cat output >&2; fail "the lines are interleaved"; }
for name in a b c d; do
    for i in 1 2 3 4 5 6; do echo "line $name $i"; done >wanted
    expect_same "the log of $name" wanted "_results/latest/top.$name.log"
done
grep -v STDOUT output | grep -A1 "Running test top.b" | tail -n 1 | grep -q 'PASS.*top.b' || fail "the result is not with its lines"
