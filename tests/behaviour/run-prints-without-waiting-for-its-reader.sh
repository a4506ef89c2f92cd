#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A reader that does not read holds nothing up, and misses nothing when it reads at last.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_much <<'SH'
yes 'a line of output that is not read for now' | head -n 100000
SH
passing_case 020_after
mkfifo pipe
"$RTFX" run -vv --id slow >pipe 2>&1 &
rtfx=$!
exec 9<pipe
wait_for test -e _results/slow/SUMMARY.json
wait_for jq -e '.passed == 2' _results/slow/SUMMARY.json >/dev/null
cat <&9 >output
wait "$rtfx" || fail "exit $?"
[ "$(grep -c 'STDOUT.*is not read for now$' output)" -eq 100000 ] || fail "lines are missing: $(wc -l <output)"
expect_output 'PASS.* top.after'
expect_output 'SUMMARY.* 2 passed'
