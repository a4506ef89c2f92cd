#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shards: every case is in exactly one; an empty shard runs nothing and says so.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
for i in 1 2 3 4 5 6 7; do
    passing_case "0${i}0_t$i"
done
passing_case 080_skipped 'LABELS: never'
passing_case 090_twice 'REPEAT: 2'

for shards in 1 2 3 8; do
    : >ran
    shard=1
    while [ "$shard" -le "$shards" ]; do
        expect_exit 0 "$RTFX" run -s "$shard/$shards"
        sed -n 's/^\[PASS    \] \([^ ]*\) .*/\1/p' output >>ran
        shard=$((shard + 1))
    done
    "$RTFX" run >output 2>&1 || fail "unsharded"
    sed -n 's/^\[PASS    \] \([^ ]*\) .*/\1/p' output >wanted
    expect_same "$shards shards" wanted ran
done
expect_exit 0 "$RTFX" run -s 9/12
expect_output 'note: shard 9/12 is empty'
expect_summary passed 0
"$RTFX" list -s 1/3 >first
"$RTFX" run -s 1/3 >output 2>&1
[ "$(grep -c '^Pass' first)" -eq "$(grep -c '^\[PASS' output)" ] || grep -q t3 first || fail "list and run divide differently"
expect_exit 4 "$RTFX" run top.skipped -s 1/2
