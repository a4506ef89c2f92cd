#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# On a terminal what is running is drawn at the bottom, and nothing is left of it; elsewhere, or when it is not wanted,
# there is not one escape sequence.
. "$RTFX_SOURCE/tests/lib/cases.sh"
unset CI || :
escape=$(printf '\033')
top_group
passing_case 010_first
test_case 020_slow <<'SH'
sleep 0.5
SH
test_case 030_bad <<'SH'
exit 1
SH

# on_terminal COMMAND: in a terminal of 40 columns and 10 lines; what it is sent goes to ./screen.
on_terminal() {
    script -qec "stty rows 10 cols 40; $1" screen >/dev/null </dev/null || :
    sed -i '/^Script \(started\|done\)/d' screen
}

export TERM=xterm
on_terminal "'$RTFX' run"
grep -q '1/3 done, 1 running, 0s' screen || fail "what is running is not shown"
grep -q '0s  top.slow' screen || fail "it is not said what runs"
grep -q "$escape\\[1;32m.PASS" screen || fail "there are no colours"
# After the area was erased for the last time, it is not drawn again.
tr -d '\r' <screen | awk -v RS='\033[[]J' 'END { print }' | grep -q ' done, ' && fail "the area is still there"
tr -d '\r' <screen | grep -q "SUMMARY.* 2 passed, 1 failed" || fail "there is no summary"

for how in "NO_COLOR=1 '$RTFX' run --plain" "TERM=dumb '$RTFX' run" "'$RTFX' run 2>&1 | cat"; do
    on_terminal "$how"
    grep -q 'top.bad' screen || fail "$how: the result is not shown"
    ! grep -q "$escape" screen || fail "$how: there is an escape sequence"
done
on_terminal "CI=true '$RTFX' run"
! grep -q ' done, ' screen || fail "there is a live area in CI"
on_terminal "NO_COLOR=1 '$RTFX' run"
! grep -q "$escape\\[[0-9;]*m" screen || fail "there are colours although NO_COLOR is set"
grep -q ' done, ' screen || fail "NO_COLOR is about colours only"
