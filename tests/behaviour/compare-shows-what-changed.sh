#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# compare of two runs with different tests: what broke, what was mended, what is new or gone.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_breaks
test_case 020_mends <<'SH'
exit 1
SH
passing_case 030_goes
test_case 040_bench <<'SH'
echo RT_BENCHMARK_RESULT: 10 MB/s
SH
expect_exit 1 "$RTFX" run --id first
echo 'exit 1' >>cases/010_breaks/test.sh
echo 'exit 0' >cases/020_mends/test.sh
rm -r cases/030_goes
passing_case 050_comes
expect_exit 1 "$RTFX" run --id second
expect_exit 0 "$RTFX" compare _results/first _results/second --json
[ "$(jq -r 'map("\(.name)=\(.change)") | join(" ")' output)" = 'top.breaks=broke top.mends=mended top.goes=gone top.bench= top.comes=new' ] ||
    fail "$(cat output)"
expect_exit 0 "$RTFX" compare _results/first/SUMMARY.json _results/second
expect_output '^top.bench.*10 MB/s.*10 MB/s'
expect_output '^top.breaks.*Pass \(.*Fail \(.*broke$'
expect_output '^1 broke, 1 mended, 1 new, 1 gone$'
expect_exit 1 "$RTFX" compare --exit-code _results/first _results/second
expect_exit 0 "$RTFX" compare --exit-code _results/second _results/second
expect_output '^nothing changed$'
expect_exit 0 "$RTFX" compare --csv _results/first _results/second
expect_output '^ID,first,second$'
echo '{"id":"rtf","results":[{"name":"top.bench","result":0,"duration":5000000,"start":"2025-04-09T10:00:00.5+02:00"}]}' >rtf.json
expect_exit 0 "$RTFX" compare rtf.json _results/second
expect_output '^top.bench	*Pass \(0.01s\)	*10 MB/s'
expect_exit 2 "$RTFX" compare _results/none _results/second
mkdir empty
expect_exit 2 "$RTFX" compare empty _results/second
expect_output 'neither events.jsonl nor SUMMARY.json'
echo '{}' >not.json
expect_exit 2 "$RTFX" compare not.json _results/second
expect_output '^rtfx: not.json: not a SUMMARY.json'
