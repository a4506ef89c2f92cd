#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the init of a group or pre-test.sh leaves running, a server for instance, is there for the cases, as with rtf; it
# ends with deinit or post-test.sh, at the latest, and with an interrupted run.
. "$RTFX_SOURCE/tests/lib/cases.sh"
group . 'NAME: top' </dev/null
group 010_g <<'SH'
case $1 in
init)
    echo "$RTFX_TMP" >"$RT_RESULTS/scratch"
    sleep 35.125 &
    echo $! >"$RT_RESULTS/service"
    setsid sh -c 'sleep 35.25; :' &
    ;;
deinit) [ ! -e "$RT_PROJECT_ROOT/deinit-ends-it" ] || pkill -f 'sleep 35[.]' ;;
esac
SH
test_case 010_g/010_uses_it <<'SH'
kill -0 "$(cat "$RT_RESULTS/service")" || exit 1
[ -d "$(cat "$RT_RESULTS/scratch")" ]
SH
test_case 020_outside <<'SH'
! kill -0 "$(cat "$RT_RESULTS/service")" 2>/dev/null
SH
none_left() { [ -z "$(processes_with 'sleep 35[.]')" ] || fail "services are left: $1"; }

expect_exit 0 timeout 20 "$RTFX" run
expect_summary passed 2
none_left "after deinit"
expect_output 'top\.g::deinit .*left processes behind, which were ended'
expect_no_output 'top\.g::init'
[ ! -e "$(cat _results/latest/scratch)" ] || fail "the scratch directory of init is left"
touch cases/deinit-ends-it
expect_exit 0 timeout 20 "$RTFX" run -j 4 top.g
expect_no_output 'left processes behind'
rm cases/deinit-ends-it

test_case 010_g/010_uses_it <<'SH'
touch "$RT_RESULTS/ready"
sleep 35.5
SH
env --default-signal=INT "$RTFX" run --id int >output 2>&1 &
pid=$!
wait_for test -e _results/int/ready
kill -INT "$pid"
code=0
wait "$pid" || code=$?
[ "$code" -eq 130 ] || fail "exit $code"
none_left "after Ctrl-C"

rm -r cases/010_g cases/020_outside
printf 'sleep 35.75 &\necho $! >"$RT_RESULTS/$1"\n' >cases/pre-test.sh
printf '[ "$2" -eq 0 ] && kill "$(cat "$RT_RESULTS/$1")"\n' >cases/post-test.sh
test_case 010_a <<'SH'
kill -0 "$(cat "$RT_RESULTS/$RT_TEST_NAME")"
SH
expect_exit 0 timeout 20 "$RTFX" run
none_left "of pre-test.sh"
