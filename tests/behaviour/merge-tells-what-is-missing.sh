#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A merged run that lacks a shard, or has one that was killed, is never complete, and says why.
. "$RTFX_SOURCE/tests/lib/cases.sh"
run_of() { # ID SHARD TEST RESULT
    mkdir -p "runs/$1"
    cat >"runs/$1/events.jsonl" <<EOF
{"v":1,"time":"2026-11-20T08:00:0$5Z","event":"run_started","run":"$1","shard":"$2","labels":["amd64"]}
{"v":1,"time":"2026-11-20T08:00:0$5Z","event":"planned","kind":"case","name":"$3","arch":"amd64","order":$5}
{"v":1,"time":"2026-11-20T08:00:0$5Z","event":"finished","kind":"case","name":"$3","arch":"amd64","result":"$4","elapsed_ns":5,"log":"t.log"}
{"v":1,"time":"2026-11-20T08:00:1$5Z","event":"run_finished","complete":true}
EOF
    echo "log of $1" >"runs/$1/t.log"
}
run_of one 1/3 top.a pass 1
run_of two 2/3 top.b pass 2
run_of three 3/3 top.c fail 3

expect_exit 0 "$RTFX" merge -r out --id partly runs/three runs/one
expect_output '^rtfx: a shard is missing: 2/3$'
expect_output '^out/partly: 1 passed, 1 failed; not complete: a shard is missing: 2/3$'
[ "$(jq -c '[.complete, .reason, .start, .end]' out/partly/SUMMARY.json)" = \
    '[false,"a shard is missing: 2/3","2026-11-20T08:00:01.000000000Z","2026-11-20T08:00:13.000000000Z"]' ] ||
    fail "$(head -n 1 out/partly/SUMMARY.json)"
grep -q '^partly,.*,false,0$' out/partly/SUMMARY.csv || fail "SUMMARY.csv"

# The rest can come later.
expect_exit 0 "$RTFX" merge -r out --id whole out/partly runs/two --json
[ "$(jq -c '[.complete, .passed, .failed, .notes]' output)" = '[true,2,1,[]]' ] || fail "$(cat output)"
[ "$(jq -r '[.results[].name] | join(" ")' out/whole/SUMMARY.json)" = 'top.a top.b top.c' ] || fail "order"
# Each result has its own log, though all were called the same.
for pair in a:one b:two c:three; do
    log=$(jq -r ".results[] | select(.name == \"top.${pair%:*}\").log" out/whole/SUMMARY.json)
    [ "$(cat "out/whole/$log")" = "log of ${pair#*:}" ] || fail "the log of $pair is $log"
done

# A run that was killed: its last line is torn.
printf '{"v":1,"time":"2026' >>runs/two/events.jsonl
sed -i '/run_finished/d' runs/two/events.jsonl
expect_exit 0 "$RTFX" merge -r out --id killed runs/one runs/two runs/three
expect_output '^rtfx: run two \(runs/two\) did not come to its end$'
expect_output 'not complete: run two is not complete$'
[ "$(jq .complete out/killed/SUMMARY.json)" = false ] || fail "complete"

# Without --id the run gets one; the folder for it is made.
expect_exit 0 "$RTFX" merge -r other runs/one runs/three
[ "$(jq .passed other/*/SUMMARY.json)" -eq 1 ] || fail "no id"
