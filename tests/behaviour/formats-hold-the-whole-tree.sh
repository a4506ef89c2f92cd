#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# squashfs, EROFS and ISO have the files of the tar, as programs of others read them; what one cannot hold is told.
. "$RTFX_SOURCE/tests/lib/formats.sh"
odd_image
expect_exit 0 build -f tar --name odd odd.yml
expect_exit 0 build -f kernel+squashfs,kernel+erofs,kernel+iso --name odd odd.yml
mkdir tar iso
tar --warning=no-unknown-keyword -C tar -xpf odd.tar
rm tar/boot/*
[ "$(wc -c <odd-kernel)" -eq 700001 ] || fail 'the kernel is not that of the image'
[ "$(cat odd-cmdline)" = 'console=ttyS0 quiet' ] || fail 'the command line is not that of the YAML'

# list DIRECTORY [names]: what stat knows of every file; with names the number of names too, which discs do not share.
list() {
    (cd "$1" && find . -mindepth 1 -printf "%P|%y|%m|%U|%G|%s|%l|%T@|${2:+%n}\n") |
        awk -F'|' -v OFS='|' '{ sub(/\..*/, "", $8); if ($2 == "d") { $6 = ""; if ($1 == "boot") $8 = "" } print }' | sort
}
same() { # DIRECTORY [names]
    list tar ${2:-} >expected
    list "$1" ${2:-} >found
    diff expected found >&2 || fail "$1 has other files"
    diff -r --no-dereference tar "$1" >&2 || fail "$1 has other contents"
}

fsck.erofs odd-erofs.img >output 2>&1 || { cat output >&2; fail 'fsck.erofs finds faults'; }
fsck.erofs --extract=erofs --preserve odd-erofs.img >output 2>&1 || { cat output >&2; fail 'fsck.erofs cannot read it'; }
unsquashfs -no-progress -q -d squashfs odd-squashfs.img >output 2>&1 || { cat output >&2; fail 'unsquashfs cannot read it'; }
xorriso -indev odd.iso -osirrox on -extract / iso >output 2>&1 || { cat output >&2; fail 'xorriso cannot read it'; }
mkdir -p erofs squashfs
list tar names | grep -q "^pipe|p|" || fail "the image has no pipe"
list squashfs names | grep -q "^pipe|p|" || fail "squashfs has no pipe"
rm tar/pipe squashfs/pipe # diff -r cannot compare them
same squashfs names
# Older versions of fsck.erofs do not know that two names are one file, nor of pipes.
rm -f erofs/pipe
# That of Debian 12 loses setuid when it changes the owner afterwards.
nid=$(dump.erofs --path=/size-1 odd-erofs.img | sed -n 's/^NID: \([0-9]*\) .*/\1/p')
mode=$(od -An -tu2 -j $((nid * 32 + 4)) -N 2 odd-erofs.img)
[ "$mode" -eq $((0104755)) ] || fail "EROFS has the mode $mode"
chmod 4755 erofs/size-1
same erofs
rm -f iso/pipe
# xorriso does not set the time of links.
find tar iso -type l -exec touch -h -d @0 {} +
same iso
# The file system itself has it, as it has pipes.
xorriso -indev odd.iso -lsl / -- >output 2>&1
expect_output "^prw.* 'pipe'"
expect_output "^lrwxrwxrwx .* 1970 'root-link' -> '/'"
