#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 in the middle of the tests: nothing was published; the log has what had passed; the next release does not run that again.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
test_case 010_ok/020_second 'touch "$RTFX_PROJECT/../second-started"; test -e "$RTFX_PROJECT/../quick" || sleep 60'
commit "a slow case"

"$RTFX" release -j1 >output 2>&1 &
release=$!
tries=0
until [ -e ../second-started ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "the second case never started"
    sleep 0.1
done
kill -9 "$release"
wait "$release" 2>/dev/null || :
[ ! -e _release/oci ] || fail "the target was made"
killed=$(echo _results/2*)
grep -q '"demo.ok.first"' "$killed/events.jsonl" || fail "the finished case is not in the log"
expect_exit 0 "$RTFX" report "$killed"
expect_output 'without a result'
grep -q 'name="second"' "$killed/junit.xml" || fail "the report forgets the case without a result"

touch ../quick
expect_exit 0 "$RTFX" release
grep -l '"reused_from"' _results/2*/events.jsonl >/dev/null || fail "nothing was reused"
[ -e _release/oci/index.json ] || fail "the release was not published"
