#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# However the parts are made, list and run have the same ones, each case is in one, and --shard-by hash keeps its parts
# when cases come and go.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
for i in 1 2 3 4 5 6 7 8 9; do
    passing_case "0${i}0_t$i"
done
test_case 100_long 'REPEAT: 2' <<'END'
sleep 0.3
END
passing_case 110_never 'LABELS: never'
"$RTFX" run >output 2>&1 || fail "the whole"
"$RTFX" list | sed -n 's/^Pass\t\([^\t]*\).*/\1/p' | sort >whole

cp _results/history.json durations.json

ran() { sed -n 's/^\[PASS    \] \([^ ]*\) .*/\1/p' output | sed 's/\.[0-9]$//' | uniq; }
# shellcheck disable=SC2086 # no word or two
for by in count hash duration durations; do
    : >all
    figures=
    if [ "$by" = durations ]; then
        by=duration
        figures='--durations durations.json'
        rm _results/history.json
    fi
    for shard in 1 2 3; do
        "$RTFX" list -s "$shard/3" --shard-by "$by" $figures | sed -n 's/^Pass\t\([^\t]*\).*/\1/p' >"listed-$by-$shard"
        "$RTFX" info -s "$shard/3" --shard-by "$by" $figures | sed -n 's/^\(top[^\t]*\).*/\1/p' >told
        expect_same "info $by $shard" "listed-$by-$shard" told
        "$RTFX" run --id "$by-$shard" -s "$shard/3" --shard-by "$by" $figures >output 2>&1 || { cat output >&2; fail "exit $?"; }
        ran >ran
        expect_same "run $by $shard" "listed-$by-$shard" ran
        cat ran >>all
    done
    sort all >sorted
    expect_same "all shards by $by" whole sorted
done
# The long one is alone: everything else takes less time together.
[ "$(grep -l long listed-duration-1 listed-duration-2 listed-duration-3 | xargs cat)" = top.long ] ||
    fail "by duration: $(head listed-duration-*)"
expect_exit 2 "$RTFX" list -s 1/3 --durations durations.json
expect_output 'durations is for --shard-by duration'
expect_exit 2 "$RTFX" list -s 1/3 --shard-by duration --durations nowhere

passing_case 005_new
passing_case 055_another
rm -r cases/030_t3
for shard in 1 2 3; do
    "$RTFX" list -s "$shard/3" --shard-by hash | sed -n 's/^Pass\t\([^\t]*\).*/\1/p' | grep -v -e new -e another >kept || :
    grep -v 't3$' "listed-hash-$shard" >wanted || :
    expect_same "shard $shard by hash" wanted kept
done
expect_exit 0 "$RTFX" list -s 40/40
[ "$(wc -l <output)" -eq 1 ] || fail "an empty shard lists: $(cat output)"
