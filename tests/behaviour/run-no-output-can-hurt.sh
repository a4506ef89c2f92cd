#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A line of 100 MB, 1 GB of output, output after the end of the case, a closed standard output: nothing hangs, logs are
# complete, and rtfx needs less than 100 MB.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_line <<'SH'
head -c 100000000 /dev/zero | tr '\0' x
echo
echo RT_BENCHMARK_RESULT: after the line
SH
test_case 020_much <<'SH'
yes 'a line of output of some length, again and again' | head -c 1000000000
SH
test_case 030_closed <<'SH'
exec >&- 2>&-
sleep 0.1
SH
# Its output comes when the case has ended: on the SIGTERM that ends what a case leaves behind.
test_case 040_after <<'SH'
(trap 'echo late; exit' TERM; mkfifo "$RTFX_TMP/never"; exec 3<>"$RTFX_TMP/never"; : >"$RTFX_TMP/ready"; read -r _ <&3) &
until [ -e "$RTFX_TMP/ready" ]; do sleep 0.01; done
echo early
SH
# Peak memory of rtfx alone: that of its children is not in it.
cat >peak.sh <<'SH'
"$RTFX" run -j 2 --plain >run.log 2>&1 &
pid=$!
peak=0
while now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null); [ -n "$now" ]; do
    peak=$now
    sleep 0.05
done
code=0
wait "$pid" || code=$?
echo "$peak" >peak
exit $code
SH
export RTFX
expect_exit 0 timeout 100 sh peak.sh
grep -q '^\[PASS    \] top.line .*\[Benchmark: after the line\]' run.log || { cat run.log >&2; fail "the benchmark is lost"; }
[ "$(cat peak)" -gt 1000 ] && [ "$(cat peak)" -lt 100000 ] || fail "rtfx needed $(cat peak) kB"
results=_results/latest
[ "$(wc -c <$results/top.line.log)" -eq 100000037 ] || fail "the line has $(wc -c <$results/top.line.log) bytes"
[ "$(wc -c <$results/top.much.log)" -eq 1000000000 ] || fail "1 GB has $(wc -c <$results/top.much.log) bytes"
[ "$(tr '\n' ' ' <$results/top.after.log)" = 'early late ' ] || fail "late output: $(cat $results/top.after.log)"
check_junit $results/junit.xml
[ "$(wc -c <$results/junit.xml)" -lt 1000000 ] || fail "junit.xml is too large"
