#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rtfx boot -i and --shell-on-fail: the guest gets the bytes as they are, Ctrl-A x ends it, and the terminal is afterwards as it was found.
. "$RTFX_SOURCE/tests/lib/guests.sh"
boot="$RTFX boot --arch amd64 --mem 64 --accel tcg"
export TERM=xterm
guest echo 'ready\r\n' echo

# From a pipe or a file: every byte, no escapes; its end ends nothing.
printf 'a\001xb\003c\377q' >bytes
expect_exit 0 $boot -i --console-log log echo <bytes
expect_output '^rtfx: boot: ok .*: the guest powered off$'
printf 'ready\r\na\001xb\003c\377q' | cmp - log || fail 'not the bytes that were given'
code=0
printf abc | $boot -i --timeout 1 echo >output 2>&1 || code=$?
[ "$code" -eq 1 ] || fail "exit $code"
expect_output '^rtfx: boot: failed: timed out '
code=0
printf 'w\nait\n' | $boot -i --expect '^wait' --silence 1 echo >output 2>&1 || code=$?
[ "$code" -eq 1 ] || fail "exit $code: no line begins so"
head -c 30000 /dev/zero | tr '\0' x >many
printf q >>many
expect_exit 0 $boot -i --console-log log echo <many
[ "$(wc -c <log)" -eq 30008 ] || fail "the guest got $(wc -c <log) bytes"

# session NAME FLAGS KEYS-COMMAND: on a terminal, whose keys are the output of KEYS-COMMAND.
session() {
    cat >session.sh <<SH
stty -a >before
$boot $2 --console-log log echo
echo "exit \$?"
stty -a >after
SH
    rm -f log after
    { wait_for test -s log; sleep 0.3; eval "$3"; wait_for test -s after; } | script -qec 'exec sh session.sh' screen >/dev/null
    tr -d '\r' <screen >output
    diff before after >&2 || fail "$1: the modes of the terminal are different"
}
session leave -i "printf 'hello\\003\\032\\001\\001'; sleep 0.5; printf '\\001x'"
expect_output '^exit 0$'
expect_output '^rtfx: boot: ok .*: the user ended the guest$'
printf 'ready\r\nhello\003\032\001' | cmp - log || fail 'Ctrl-C, Ctrl-Z or Ctrl-A did not come to the guest'
session help -i "printf '\\001h'; sleep 0.3; printf '\\001x'"
expect_output '^rtfx: Ctrl-A x ends the guest'
session expecting '-i --expect never' "printf '\\001x'"
expect_output '^exit 130$'
session crash -i 'kill -SEGV $(processes_with "-kernel echo-kernel")'
expect_output '^exit 1$'
expect_output 'qemu failed \(killed by signal 11'
session killed -i 'kill $(pgrep -f "boot .*--console-log log echo$")'
expect_output '^exit 130$'
session fails '--shell-on-fail --reject ready' "printf 'still here'; sleep 1; printf '\\001x'"
expect_output '^rtfx: boot: failed: rejected: "ready" matched: ready$'
expect_output '^rtfx: boot: the console is yours; Ctrl-A x ends the guest$'
expect_output 'still here'
expect_output '^exit 1$'
session silent '--shell-on-fail --silence 1 --timeout 3' "sleep 4; printf q"
expect_output '^rtfx: boot: failed: silent: no console output for 1 s$'
expect_output '^exit 1$'
session fine '--shell-on-fail --expect ready' "sleep 1"
expect_no_output 'is yours'
expect_output '^exit 0$'
