#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 in the middle of `release test`: its folder proves nothing by itself, and the same command goes on in it.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
test_case 010_ok/020_second 'touch "$RTFX_PROJECT/../second-started"; test -e "$RTFX_PROJECT/../quick" || sleep 60'
commit "a slow case"

"$RTFX" release test -j1 --arch amd64,arm64 --out ../out >output 2>&1 &
release=$!
tries=0
until [ -e ../second-started ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "the second case never started"
    sleep 0.1
done
kill -9 "$release"
wait "$release" 2>/dev/null || :
expect_exit 1 "$RTFX" release verdict --results ../out
expect_output 'BLOCKS amd64 case demo.ok.first: no result that counts: the run did not come to its end'

touch ../quick
expect_exit 0 "$RTFX" release test --arch amd64,arm64 --out ../out
grep -q '"reused_from"' ../out/events.jsonl || fail "nothing was reused"
expect_exit 0 "$RTFX" release verdict --results ../out
