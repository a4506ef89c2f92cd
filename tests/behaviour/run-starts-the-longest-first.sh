#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# With several jobs, the cases that took longest in earlier runs start first, and a long one does not stand alone at the
# end; with one job the order is that of the tree.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
for n in 1 2 3; do
    test_case 0${n}0_short$n <<'SH'
sleep 0.$((${RT_TEST_NAME#top.short} * 2))
SH
done
test_case 040_long <<'SH'
sleep 1
SH
started() { jq -r 'select(.event == "started" and .kind == "case") | .name' _results/latest/events.jsonl | tr '\n' ' '; }

expect_exit 0 "$RTFX" run -j 2
[ "$(started)" = 'top.short1 top.short2 top.short3 top.long ' ] || fail "unknown cases: $(started)"
expect_exit 0 "$RTFX" run -j 2
[ "$(started)" = 'top.long top.short3 top.short2 top.short1 ' ] || fail "known cases: $(started)"
[ "$(jq -r '[.results[].name] | join(" ")' _results/latest/SUMMARY.json)" = 'top.short1 top.short2 top.short3 top.long' ] ||
    fail "the reports are not in the order of the tree"
expect_exit 0 "$RTFX" run
[ "$(started)" = 'top.short1 top.short2 top.short3 top.long ' ] || fail "one job: $(started)"
