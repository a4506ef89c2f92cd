#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The variables, the working directory and the hooks that scripts of rtf know.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
mkdir -p cases/010_env
test_case 010_env <<'SH'
set -eu
. "$RT_LIB"
[ "$(pwd)" = "$RT_PROJECT_ROOT/010_env" ]
[ "$RT_TEST_NAME" = top.env ]
[ "$RT_OS" = linux ] && [ -n "$RT_OS_VER" ]
[ -d "$RT_RESULTS" ] && [ -e "$RT_RESULTS/events.jsonl" ]
[ -x "$RT_UTILS/rt-filegen" ] && [ -d "$RT_ROOT" ]
[ "$(command -v rt-filemd5)" = "$RT_UTILS/rt-filemd5" ]
rt_label_set blue
rt_label_set linux
rt_label_set "$RTFX_ARCH"
! rt_label_set green
! rt_label_set lin
"$RTFX" version
[ -z "$(ls -A "$RTFX_TMP")" ]
echo "$RTFX_TMP" >"$RT_RESULTS/tmp"
touch "$RTFX_TMP/left"
[ "$GIVEN" = 'a=b c' ]
[ "$RT_TEST_CANCEL" -eq 253 ]
assert_equals 'sum' 4 "$((2 + 2))"
! assert_equals 1 2
echo text | assert_contains '^te'
: | assert_empty
assert_true 'test 1 -lt 2'
! assert_true 3
! assert_null 'a value' x
rt-filegen 0x10 "$RTFX_TMP/random"
[ "$(wc -c <"$RTFX_TMP/random")" -eq 16 ]
rt-filerandgen 100 "$RTFX_TMP/random"
[ "$(wc -c <"$RTFX_TMP/random")" -lt 100 ]
printf abc >"$RTFX_TMP/abc"
[ "$(rt-filemd5 "$RTFX_TMP/abc")" = 900150983cd24fb0d6963f7d28e17f72 ]
printf 'true\necho hello\n' >"$RTFX_TMP/commands"
rt-crexec -c 2 -i 3 "$RTFX_TMP/commands" >"$RTFX_TMP/out"
[ "$(grep -c DONE "$RTFX_TMP/out")" -eq 6 ]
echo false >"$RTFX_TMP/commands"
! rt-crexec -c 2 -i 3 "$RTFX_TMP/commands"
SH
passing_case 020_other
printf 'echo "before $1 in $(basename "$PWD")"\n' >cases/pre-test.sh
printf 'echo "after $1 $2"; [ "$1" != top.other ] || exit 9\n' >cases/post-test.sh

expect_exit 1 "$RTFX" -l blue run -x -e 'GIVEN=a=b c'
expect_output '^\[PASS    \] top.env '
expect_output '^\[ERROR   \] top.other '
expect_output '^ +post-test.sh: exit 9'
log=_results/latest/top.env.log
grep -q '^+ ' $log || fail "-x traces nothing"
grep -q 'before top.env in 010_env' $log || fail "no pre-test.sh"
grep -q 'after top.env 0' $log || fail "no post-test.sh"
[ ! -e "$(cat _results/latest/tmp)" ] || fail "RTFX_TMP is left"
! grep -q 'a=b c' _results/latest/events.jsonl || fail "a value of -e is in the event log"
