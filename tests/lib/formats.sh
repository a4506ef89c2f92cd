# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts of the formats: a small image for every arch with all kinds of files that a root file
# system can have. Its kernel is only bytes: these scripts look at what is written, cases/040_formats boots it.

. "$RTFX_SOURCE/tests/lib/images.sh"

# Formats that an arch with BIOS and UEFI can have, as groups that fit into one call.
one_by_one='tar docker'
together='kernel+initrd,tar-kernel-initrd,kernel+squashfs,kernel+erofs,iso-bios,iso-efi,iso-efi-initrd,raw-bios,raw-efi,qcow2-bios,qcow2-efi,vhd,vmdk,gcp,aws'
apart='kernel+iso dynamic-vhd'

# odd_tree DIRECTORY: long names, links, sizes around blocks, deep folders, many files in one folder.
odd_tree() {
    mkdir -p "$1/boot" "$1/many" "$1/a/b/c/d/e/f/g/h/i/j" "$1/empty directory"
    head -c 700001 /dev/zero | tr '\0' k >"$1/kernel"
    for size in 0 1 2047 2048 2049 4031 4032 4033 4095 4096 4097 8191 8192 8193 100000; do
        head -c $size /dev/zero | tr '\0' x >"$1/size-$size"
    done
    long=$(printf '%0250d' 7)
    echo long >"$1/$long.conf"
    ln -s "$long.conf" "$1/link to a long name"
    ln -s "/$long/$long/../././$long" "$1/a/long-target"
    ln -s ../.. "$1/a/b/c/up"
    ln -s / "$1/root-link"
    echo deep >"$1/a/b/c/d/e/f/g/h/i/j/deep"
    printf 'utf-8' >"$1/umlaut-$(printf '\303\274')"
    echo upper >"$1/Same"
    echo lower >"$1/same"
    echo other >"$1/same."
    : >"$1/.hidden"
    echo one >"$1/hard-1"
    ln "$1/hard-1" "$1/a/hard-2"
    i=0
    while [ $i -lt 700 ]; do
        echo $i >"$1/many/file-with-a-name-of-some-length-$i"
        i=$((i + 1))
    done
    chmod 4755 "$1/size-1"
    chmod 1777 "$1/empty directory"
    mkfifo "$1/pipe"
}

# odd_image: org/odd:1 for amd64 in the store, and odd.yml.
odd_image() {
    odd_tree files
    image org/odd:1 amd64 files >/dev/null
    rm -r files
    echo 'kernel: {image: org/odd:1, tar: none, cmdline: console=ttyS0 quiet}
init: [org/odd:1]' >odd.yml
}

build() {
    "$RTFX" build --offline --arch amd64 --size 256M "$@"
}
