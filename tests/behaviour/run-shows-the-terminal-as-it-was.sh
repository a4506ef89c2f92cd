#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# However a run ends, the terminal is as it was found: its modes, and no live area. The key t shows what is running.
. "$RTFX_SOURCE/tests/lib/cases.sh"
unset CI || :
export TERM=xterm
top_group
test_case 010_stubborn <<'SH'
echo "said by the case"
trap '' INT TERM
touch "$RT_RESULTS/ready"
for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done
SH

# session ID KEYS-COMMAND: a run on a terminal whose keyboard is the output of KEYS-COMMAND, once the case is running.
session() {
    id=$1
    cat >session.sh <<SH
trap : INT # the shell has to see the end
stty -a >before
'$RTFX' run --id $id
echo "exit \$?"
stty -a >after
SH
    { wait_for test -e "_results/$id/ready"; sleep 0.3; eval "$2"; sleep 3; } | script -qec 'exec sh session.sh' screen >/dev/null
    tr -d '\r' <screen >text
    diff before after >&2 || fail "$id: the modes of the terminal are different"
    awk -v RS='\033[[]J' 'END { print }' text | grep -q ' done, ' && fail "$id: the area is still there"
    return 0
}

session ends :
grep -q 'exit 0' text || fail "exit code of a run: $(grep exit text)"
session asks "printf t"
grep -q 'RUNNING.* top.stubborn' text || fail "t does not show what is running"
grep -q '| said by the case' text || fail "t does not show its output"
session stops "printf '\\003'"
grep -q 'exit 130' text || fail "exit code after Ctrl-C: $(grep exit text)"
session stops-at-once "printf '\\003'; sleep 0.2; printf '\\003'"
grep -q 'exit 130' text || fail "exit code after two Ctrl-C: $(grep exit text)"
