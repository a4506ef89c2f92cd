#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is on the file system of a disk: kernel, initrd, command line, boot loader, as other programs read them.
. "$RTFX_SOURCE/tests/lib/formats.sh"
odd_image
expect_exit 0 build -f kernel+initrd,tar-kernel-initrd,raw-bios,raw-efi,qcow2-efi,aws,gcp,iso-efi-initrd --name x odd.yml
on_disk() { # IMAGE@@OFFSET FILE
    MTOOLS_SKIP_CHECK=1 mtype -i "$1" "::$2"
}
for disk in x-bios.img x-efi.img x.raw; do
    on_disk $disk@@1M /kernel | cmp - x-kernel || fail "$disk has another kernel"
    on_disk $disk@@1M /initrd.img | cmp - x-initrd.img || fail "$disk has another initrd"
    dd if=$disk of=partition bs=1M skip=1 status=none conv=sparse
    fsck.fat -n partition >output || { cat output >&2; fail "$disk: fsck.fat finds faults"; }
done
for disk in x-bios.img x.raw; do
    on_disk $disk@@1M /syslinux.cfg | grep -q '^    APPEND console=ttyS0 quiet$' || fail "$disk: no command line"
    on_disk $disk@@1M /ldlinux.sys | grep -q SYSLINUX || fail "$disk: no syslinux"
done
on_disk x-efi.img@@1M /EFI/BOOT/BOOTX64.EFI | cmp - /usr/lib/systemd/boot/efi/systemd-bootx64.efi || fail 'no systemd-boot'
on_disk x-efi.img@@1M /loader/entries/linux.conf >entry
printf 'title Linux\nlinux /kernel\ninitrd /initrd.img\noptions console=ttyS0 quiet\n' | cmp - entry || fail 'not the entry'

# Sizes: as small as can be, or as asked for.
[ "$(wc -c <x.raw)" -eq $((256 << 20)) ] || fail 'aws does not have the size of --size'
[ "$(qemu-img info --output=json x-efi.qcow2 | jq '."virtual-size"')" -eq $((256 << 20)) ] || fail 'nor has qcow2'
[ "$(du -k x.raw | cut -f1)" -lt 8192 ] || fail 'aws is no sparse file'
tar -xzf x.img.tar.gz && [ "$(wc -c <disk.raw)" -eq $((1 << 30)) ] || fail 'gcp does not have 1 GiB'
[ "$(tar -tzf x.img.tar.gz)" = disk.raw ] || fail 'gcp has more than disk.raw'
sfdisk --verify x-efi.img >output 2>&1 || { cat output >&2; fail 'the GPT is wrong'; }
expect_output 'No errors detected'

# tar-kernel-initrd
[ "$(tar -tf x-initrd.tar | tr '\n' ' ')" = 'kernel initrd.img cmdline ' ] || fail 'x-initrd.tar has other members'
tar -xOf x-initrd.tar initrd.img | cmp - x-initrd.img || fail 'x-initrd.tar has another initrd'
tar -xOf x-initrd.tar kernel | cmp - x-kernel || fail 'x-initrd.tar has another kernel'
[ "$(tar -xOf x-initrd.tar cmdline)" = 'console=ttyS0 quiet' ] || fail 'x-initrd.tar has another command line'

# docker
expect_exit 0 build -f docker --name x odd.yml
tar --warning=no-unknown-keyword -xOf x.docker Dockerfile >Dockerfile
printf '\nFROM scratch\n\nCOPY . ./\n\nENTRYPOINT ["/bin/rc.init"]\n' | cmp - Dockerfile || fail 'not the Dockerfile of linuxkit'

# Microcode is in front of the initrd, and a file of its own in the tar. UEFI gets a compressed kernel as it is inside.
mkdir gz
gzip -n <x-kernel >gz/kernel
printf 0123456789abcdef >gz/ucode.cpio
image org/gz:1 amd64 gz >/dev/null
echo 'kernel: {image: org/gz:1, tar: none, ucode: ucode.cpio}
init: [org/odd:1]' >gz.yml
expect_exit 0 build -f kernel+initrd,tar-kernel-initrd,raw-bios,raw-efi --name gz gz.yml
cat gz/ucode.cpio x-initrd.img | cmp - gz-initrd.img || fail 'the microcode is not in front'
on_disk gz-efi.img@@1M /initrd.img | cmp - gz-initrd.img || fail 'the disk has no microcode'
[ "$(tar -tf gz-initrd.tar | tr '\n' ' ')" = 'kernel initrd.img ucode.cpio ' ] || fail 'gz-initrd.tar has other members'
tar -xOf gz-initrd.tar initrd.img | cmp - x-initrd.img || fail 'the microcode is twice in the tar'
on_disk gz-efi.img@@1M /kernel | cmp - x-kernel || fail 'UEFI gets a compressed kernel'
on_disk gz-bios.img@@1M /kernel | cmp - gz/kernel || fail 'a BIOS does not get the kernel as it is'
! on_disk gz-bios.img@@1M /syslinux.cfg | grep APPEND || fail 'there is a command line'
