#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a format cannot be made of is said in one line, before anything is written; a tool that fails or is not there leaves nothing.
. "$RTFX_SOURCE/tests/lib/formats.sh"
odd_image
echo 'init: [org/odd:1]' >no-kernel.yml
echo old >x-bios.img
ls -A >before

refused() { # CODE REGEX COMMAND...
    code=$1 message=$2
    shift 2
    expect_exit "$code" "$@"
    expect_output "^rtfx: $message"
    [ "$(grep -vc '^rtfx: warning' output)" -eq 1 ] || { cat output >&2; fail "more than one line: $*"; }
    rm output
    ls -A | diff before - >&2 || fail "files came or went: $*"
    [ "$(cat x-bios.img)" = old ] || fail "the old output is gone: $*"
}

# The arch has no firmware for it.
refused 2 'no firmware of s390x starts raw-efi; formats for it: kernel\+initrd, .*kernel\+iso$' \
    "$RTFX" build --offline --arch s390x --name x -f raw-efi odd.yml
refused 2 'no firmware of arm64 starts iso-bios, raw-bios, qcow2-bios; formats for it: ' \
    "$RTFX" build --offline --arch arm64 --name x -f raw-bios,qcow2-bios,iso-bios odd.yml
refused 2 'no firmware of s390x starts gcp, aws' "$RTFX" build --offline --arch s390x --name x -f gcp,aws odd.yml
# Two formats, one name.
refused 2 'formats kernel\+iso and iso-bios ' build --name x -f kernel+iso,iso-bios odd.yml
refused 2 'formats vhd and dynamic-vhd ' build --name x -f vhd,dynamic-vhd odd.yml
# Sizes.
refused 2 'format aws: a disk of 16 MiB is too small; this image needs [0-9]+ MiB \(--size\)$' \
    "$RTFX" build --offline --arch amd64 --size 16M --name x -f aws odd.yml
refused 2 'format qcow2-efi: a disk of 16 MiB is too small' \
    "$RTFX" build --offline --arch amd64 --size 16M --name x -f qcow2-efi odd.yml
# No kernel.
for format in raw-bios raw-efi iso-bios iso-efi iso-efi-initrd vhd gcp; do
    refused 2 "format $format: .*the image has none: kernel.image of the YAML names one" \
        build --name x -f $format no-kernel.yml
done

# tools DIRECTORY WITHOUT...: every program of the host but these.
tools() {
    mkdir "$1"
    ln -sf /usr/sbin/* /usr/bin/* "$1"
    directory=$1
    shift
    for program; do
        rm -f "$directory/$program"
    done
}
tools few syslinux qemu-img sqfstar
ls -A >before
for pair in raw-bios:syslinux:syslinux qcow2-efi:qemu-img:qemu-utils kernel+squashfs:sqfstar:squashfs-tools; do
    format=${pair%%:*} program=${pair#*:}
    refused 3 "format $(echo "$format" | sed 's/+/\\+/'): ${program%:*} is not installed: apt-get install ${program#*:}" \
        env "PATH=$PWD/few" "$RTFX" build --offline --arch amd64 --no-cache --name x -f "$format" odd.yml
done
rm -r few
tools mtools-less mcopy
ls -A >before
refused 3 'format raw-bios: mcopy is not installed: apt-get install mtools' \
    env "PATH=$PWD/mtools-less" "$RTFX" build --offline --arch amd64 --no-cache --name x -f raw-bios odd.yml

# Tools that fail, at once or half-way.
for body in 'exit 1' 'head -c 100000 >/dev/null; echo "no space" >&2; exit 1' 'kill -KILL $$'; do
    printf '#!/bin/sh\n%s\n' "$body" >mtools-less/sqfstar.new
    chmod +x mtools-less/sqfstar.new
    mv mtools-less/sqfstar.new mtools-less/sqfstar
    refused 1 'format kernel\+squashfs: ' \
        env "PATH=$PWD/mtools-less" "$RTFX" build --offline --arch amd64 --no-cache --name x -f kernel+squashfs odd.yml
done

# Ctrl-C while a tool runs.
printf '#!/bin/sh\nexec sleep 60\n' >mtools-less/sqfstar
cp mtools-less/sqfstar mtools-less/qemu-img.new
mv mtools-less/qemu-img.new mtools-less/qemu-img
for format in kernel+squashfs qcow2-efi; do
    env --default-signal=INT "PATH=$PWD/mtools-less" "$RTFX" build --offline --arch amd64 --no-cache --name x -f $format odd.yml >output 2>&1 &
    pid=$!
    sleep 1
    kill -INT $pid
    code=0
    wait $pid || code=$?
    [ "$code" -eq 130 ] || { cat output >&2; fail "exit $code after Ctrl-C in $format"; }
    rm output
    ls -A | diff before - >&2 || fail "Ctrl-C in $format leaves files"
done

# A file where isolinux must be.
mkdir other && echo k >other/kernel && echo x >other/isolinux
image org/other:1 amd64 other >/dev/null
rm -r other layer config manifest
echo 'kernel: {image: org/other:1, tar: none}
init: [org/other:1]' >other.yml
ls -A >before
refused 1 'format iso-bios: the image has a file isolinux where ' build --name x -f iso-bios other.yml
