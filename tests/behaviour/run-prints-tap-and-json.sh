#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --tap and --json print, on standard output and nothing else there, what happens while it happens.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_first
passing_case 020_left_out "LABELS: no_such_label"
test_case 030_bad <<'SH'
echo "oh dear # no"; exit 3
SH
test_case 040_flaky "RETRIES: 1" <<'SH'
[ "$RTFX_ATTEMPT" -eq 2 ]
SH

got=0
"$RTFX" run --tap --id tap >tap 2>console || got=$?
[ "$got" -eq 1 ] || fail "exit $got with --tap"
[ "$(head -n 2 tap)" = "$(printf 'TAP version 14\n1..4')" ] || { cat tap >&2; fail "no header or plan"; }
grep -q '^ok [0-9] - top.first' tap || fail "the pass is not there"
grep -q '^ok [0-9] - top.left_out.* # SKIP' tap || fail "the skipped one is not there"
grep -q '^not ok [0-9] - top.bad' tap || fail "the failure is not there"
grep -q '^  flaky: true' tap || fail "the flaky one is not marked"
grep -c '^\(not \)\{0,1\}ok ' tap | grep -qx 4 || fail "there are not as many points as the plan says"
grep -v -e '^TAP version 14$' -e '^1\.\.4$' -e '^\(not \)\{0,1\}ok ' -e '^  ' tap >&2 && fail "there are other lines"
grep -q 'FAIL.*top.bad' console || fail "the console is not told"

got=0
"$RTFX" run --json --id json >json 2>console || got=$?
[ "$got" -eq 1 ] || fail "exit $got with --json"
expect_same "what is printed" _results/json/events.jsonl json

"$RTFX" run --tap --json >output 2>&1 && fail "both at once are accepted"
got=0
"$RTFX" run --tap --id full >/dev/full 2>console || got=$?
[ "$got" -eq 1 ] || fail "exit $got when standard output is full"
jq -e '.passed == 2' _results/full/SUMMARY.json >/dev/null || fail "a full standard output has changed the results"
grep -q 'note: standard output is not complete: No space left on device' console || fail "it is not said that standard output is full"

test_case 050_endless <<'SH'
touch "$RT_RESULTS/ready"
sleep 30
SH
"$RTFX" run --tap --id stopped top.endless >tap 2>console &
rtfx=$!
wait_for test -e _results/stopped/ready
kill -TERM "$rtfx"
wait "$rtfx" || :
grep -q '^Bail out!' tap || { cat tap >&2; fail "an interrupted run does not bail out"; }
