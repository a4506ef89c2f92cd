#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C, SIGTERM and even kill -9 of rtfx boot: no qemu and no file is left.
. "$RTFX_SOURCE/tests/lib/guests.sh"
mkdir tmp
export TMPDIR="$PWD/tmp"
guest hello 'Welcome\n' halt

for signal in INT TERM KILL; do
    : >log
    env --default-signal=INT "$RTFX" boot --arch amd64 --mem 64 --accel tcg --expect never --console-log log hello >output 2>&1 &
    pid=$!
    wait_for test -s log
    [ -n "$(processes_with '-kernel hello-kernel')" ] || fail "SIG$signal: there is no guest to begin with"
    kill -"$signal" "$pid"
    code=0
    wait "$pid" || code=$?
    case $signal in
        KILL) sleep 1 ;;
        *)
            [ "$code" -eq 130 ] || { cat output >&2; fail "SIG$signal: exit $code"; }
            expect_output '^rtfx: boot: failed: cancelled '
            ;;
    esac
    [ -z "$(processes_with '-kernel hello-kernel')" ] || fail "SIG$signal: qemu is left"
    [ -z "$(ls tmp)" ] || fail "SIG$signal: files are left: $(ls -A tmp)"
done
