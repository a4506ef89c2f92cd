#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every format has the same bytes when it is built again: later, elsewhere, by another umask, time zone, TMPDIR, number of CPUs.
. "$RTFX_SOURCE/tests/lib/formats.sh"
odd_image
mkdir one two
all="$one_by_one $together $apart"

for format in $all; do
    expect_exit 0 build --no-cache --dir one --name "${format%%,*}" -f "$format" odd.yml
done
sleep 1.1 # for what has seconds in it
mkdir tmp
for format in $all; do
    (
        umask 077
        export TMPDIR="$PWD/tmp" TZ=Asia/Kathmandu LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=1
        exec taskset -c 0 "$RTFX" build --offline --arch amd64 --size 256M --no-cache --dir two --name "${format%%,*}" -f "$format" odd.yml
    ) >output 2>&1 || { cat output >&2; fail "$format does not build a second time"; }
done
(cd one && find . -type f -exec sha256sum {} + | sort -k2) >one.sums
(cd two && find . -type f -exec sha256sum {} + | sort -k2) >two.sums
[ "$(wc -l <one.sums)" -eq 23 ] || { cat one.sums >&2; fail "there are not the outputs of 19 formats"; }
diff one.sums two.sums >&2 || fail "a second build gives other bytes"
[ -z "$(ls -A tmp)" ] || fail "something is left in TMPDIR: $(ls -A tmp)"

# The order of formats, and which others are built, do not matter either.
expect_exit 0 build --no-cache --dir two --name other -f raw-efi,kernel+initrd odd.yml
cmp two/other-efi.img one/kernel+initrd-efi.img || fail 'raw-efi depends on what else is built'
cmp two/other-initrd.img one/kernel+initrd-initrd.img || fail 'the initrd depends on what else is built'

# Identifiers come from the contents: other contents, other identifiers.
sed 's/quiet/loud/' odd.yml >loud.yml
expect_exit 0 build --no-cache --dir two --name loud -f raw-efi loud.yml
for file in one/kernel+initrd-efi.img two/loud-efi.img; do
    dd if="$file" bs=1 skip=568 count=16 status=none | od -An -tx1
done | sort -u >guids
[ "$(wc -l <guids)" -eq 2 ] || fail 'different disks have the same GUID'
