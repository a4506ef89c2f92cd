#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C, SIGTERM and even kill -9 of rtfx boot: no qemu, no virtiofsd and no file is left; nor when qemu is killed.
. "$RTFX_SOURCE/tests/lib/guests.sh"
mkdir tmp shared
export TMPDIR="$PWD/tmp"
guest hello 'Welcome\n' halt
own="--disk size=8M --data secret --publish auto:80"
uefi=
! [ -e /usr/share/OVMF/OVMF_CODE_4M.fd ] || uefi=uefi
virtiofs=
! command -v virtiofsd >/dev/null && [ ! -x /usr/lib/qemu/virtiofsd ] && [ ! -x /usr/libexec/virtiofsd ] || virtiofs="--virtiofs $PWD/shared"

leaves_nothing() { # HOW
    [ -z "$(processes_with '-kernel hello-kernel')" ] || fail "$1: qemu is left"
    [ -z "$(processes_with "source=$PWD/shared")" ] || fail "$1: virtiofsd is left"
    [ -z "$(ls -A tmp)" ] || fail "$1: files are left: $(ls -A tmp)"
}

for signal in INT TERM KILL qemu; do
    : >log
    env --default-signal=INT "$RTFX" boot --arch amd64 --mem 64 --accel tcg $own $virtiofs --expect never --console-log log hello >output 2>&1 &
    pid=$!
    wait_for test -s log
    guest=$(processes_with '-kernel hello-kernel' | head -n 1)
    [ -n "$guest" ] || fail "SIG$signal: there is no guest to begin with"
    [ -z "$virtiofs" ] || [ -n "$(processes_with "source=$PWD/shared")" ] || fail "SIG$signal: there is no virtiofsd to begin with"
    case $signal in
        qemu) kill -KILL $(processes_with 'file=.*-kernel hello-kernel') ;;
        *) kill -"$signal" "$pid" ;;
    esac
    code=0
    wait "$pid" || code=$?
    case $signal in
        KILL) sleep 1 ;;
        qemu)
            [ "$code" -eq 1 ] || { cat output >&2; fail "SIG$signal: exit $code"; }
            expect_output '^rtfx: boot: failed: early exit .*: qemu failed \(killed by signal 9'
            ;;
        *)
            [ "$code" -eq 130 ] || { cat output >&2; fail "SIG$signal: exit $code"; }
            expect_output '^rtfx: boot: failed: cancelled '
            ;;
    esac
    leaves_nothing "SIG$signal"
done

# While it starts, at any moment.
for delay in 0.00 0.01 0.02 0.03 0.05 0.08 0.12; do
    "$RTFX" boot --arch amd64 --mem 64 --accel tcg $own $virtiofs ${uefi:+--uefi} --expect never hello >output 2>&1 &
    pid=$!
    sleep "$delay"
    kill -KILL "$pid"
    wait "$pid" || :
    sleep 0.5
    leaves_nothing "killed after $delay s"
done
