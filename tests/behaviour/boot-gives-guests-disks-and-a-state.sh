#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --disk makes disks and never overwrites one; --state keeps what a guest has of its own, for one boot at a time.
. "$RTFX_SOURCE/tests/lib/guests.sh"
boot="$RTFX boot --arch amd64 --mem 64 --accel tcg"
mkdir tmp
export TMPDIR="$PWD/tmp"
guest hello 'Welcome\n' halt

expect_exit 0 $boot --expect Welcome --disk new,size=8M --disk file=raw,size=1,format=raw hello
qemu-img info new | grep -q 'file format: qcow2' || fail 'a new disk is not qcow2'
[ "$(stat -c %s raw)" -eq 1073741824 ] || fail 'a size without a unit is not in GiB'
cp new before
expect_exit 0 $boot --expect Welcome --disk new,size=9M,format=qcow2 hello
cmp new before || fail 'a disk that was there is another one'
expect_exit 0 $boot --print-command --disk new hello
expect_output 'file=new,format=qcow2'

expect_exit 0 $boot --expect Welcome --state state --disk size=8M --disk new --disk size=8M,format=raw --data 'a b' hello
for file in disk.img disk2.img data.iso mac-addr uuid; do [ -s "state/$file" ] || fail "no state/$file"; done
[ ! -e state/qemu.pid ] || fail 'the pid of a qemu that has ended is left'
[ "$(xorriso -indev state/data.iso -osirrox on -extract /config config 2>&1 | grep -c "Volume id    : 'config'")" -eq 1 ] ||
    fail 'the metadata is no ISO with the label config'
[ "$(cat config)" = 'a b' ] || fail 'the metadata is not what was given'
mac=$(cat state/mac-addr) uuid=$(cat state/uuid)
echo 'from a file' >metadata
expect_exit 0 $boot --print-command --state state --data-file metadata hello
expect_output ",mac=$mac"
expect_output "-uuid $uuid"
expect_output 'file=state/data.iso,format=raw,readonly=on,media=cdrom'
echo nonsense >state/mac-addr
expect_exit 2 $boot --state state hello
expect_output '^rtfx: state/mac-addr: "nonsense" is no address'
rm state/mac-addr

$boot --expect never --state state hello >first 2>&1 &
pid=$!
wait_for test -s state/qemu.pid
expect_exit 2 $boot --expect Welcome --state state hello
expect_output "^rtfx: the state directory state: in use by another boot \(process $pid\)$"
kill "$pid"
wait "$pid" || :
expect_exit 0 $boot --expect Welcome --state state hello

# Without --state nothing of it has a name.
expect_exit 0 $boot --expect Welcome --disk size=8M --data x --probe 'ls tmp >seen' hello
[ -z "$(cat seen)" ] || fail "there are files: $(cat seen)"
