#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rtfx boot finds out by its content what a file is: disks in every format that qemu-img writes, ISOs, prefixes.
. "$RTFX_SOURCE/tests/lib/guests.sh"
boot="$RTFX boot --arch amd64 --mem 64 --accel tcg"

starts() { # ARGUMENT...
    expect_exit 0 $boot --expect '^from the disk' "$@"
}
second_sector() { # FILE
    dd if="$1" bs=512 skip=1 count=1 status=none | tr -d '\0' | wc -c
}

boot_sector disk.iso.txt 'from the disk\r\n'
starts --snapshot disk.iso.txt
[ "$(second_sector disk.iso.txt)" -eq 0 ] || fail '--snapshot wrote to the disk'
starts disk.iso.txt
[ "$(second_sector disk.iso.txt)" -gt 0 ] || fail 'what the guest wrote is lost'

for format in qcow2 vmdk vdi vhdx vpc; do
    qemu-img convert -f raw -O "$format" disk.iso.txt "$format.raw"
    starts "$format.raw"
done
qemu-img convert -f raw -O vpc -o subformat=fixed disk.iso.txt fixed
starts fixed
mkdir 'a,b' && cp disk.iso.txt 'a,b/my disk,readonly=on'
starts 'a,b/my disk,readonly=on'

mkdir tree && cp disk.iso.txt tree/boot.bin
xorriso -as mkisofs -quiet -o image -b boot.bin -no-emul-boot -boot-load-size 4 tree 2>xorriso.log || { cat xorriso.log >&2; fail xorriso; }
starts image
cp image image.iso
starts image.iso
starts --iso image
chmod 0444 image # CDs are not written

# A prefix: kernel and initrd, with linuxkit's order when there is more, and --kernel.
guest hello 'from the kernel\n' halt
expect_exit 0 $boot --expect 'from the kernel' hello
expect_no_output 'not used'
echo 'root file system' >hello-squashfs.img
expect_exit 0 $boot --expect 'from the kernel' hello
expect_output '^rtfx: boot: hello-squashfs.img has the root file system; not used: hello-initrd.img'
expect_exit 0 $boot --expect 'from the kernel' --kernel hello
expect_no_output 'not used'
expect_exit 0 $boot --print-command --squashfs hello
expect_output 'file=hello-squashfs.img,format=raw,readonly=on.* -append .root=/dev/vda console=ttyS0 panic=-1'
rm hello-initrd.img hello-squashfs.img && cp image hello.iso
expect_exit 0 $boot --print-command hello
expect_output 'file=hello.iso,.*media=cdrom.* -append .root=/dev/sr0 '
echo 'root=/dev/sda quiet' >hello-cmdline
expect_exit 0 $boot --print-command hello
expect_output "-append 'root=/dev/sda quiet console"

# What is printed is what can be run.
guest off 'bye\n' power-off
expect_exit 0 $boot --print-command --cmdline-append "it's" off
sh -c "$(cat output)" </dev/null >by-hand
grep -q bye by-hand || fail 'the printed command does not boot'
