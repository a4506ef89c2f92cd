#!/bin/sh
# SUMMARY: Disks and ISOs with an initrd are started by a BIOS or by UEFI
# LABELS: amd64,arm64
# REPEAT:
# TIMEOUT: 300
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

formats() { # FORMAT,...: one call, so the initrd is made once
    "$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name image --size 256M -f "$1" test.yml || fail "no $1"
}

# starts SUFFIX [flag...]: boots $RTFX_TMP/image SUFFIX. Kernel, initrd and command line must all have come through.
starts() {
    file=image$1
    shift
    echo "--- $file $*"
    "$RTFX" boot --arch "$RTFX_ARCH" --mem 256 --net none --snapshot --timeout 90 "$@" \
        --expect '(Kernel|Unknown kernel) command line.* loaded\.as=it\.was\.written' --expect 'the initrd is whole' \
        --expect 'boot complete after' "$RTFX_TMP/$file" > "$RTFX_TMP/console" 2>&1 || {
        tail -n 30 "$RTFX_TMP/console" >&2
        fail "$file does not boot"
    }
    tail -n 1 "$RTFX_TMP/console"
}

case $RTFX_ARCH in
    amd64)
        formats raw-bios,qcow2-bios,aws,vhd,vmdk,gcp,raw-efi,qcow2-efi,iso-efi-initrd
        for suffix in -bios.img .qcow2 .raw .vhd .vmdk; do
            starts $suffix
        done
        formats dynamic-vhd
        starts .vhd
        tar -C "$RTFX_TMP" -xzf "$RTFX_TMP/image.img.tar.gz"
        mv "$RTFX_TMP/disk.raw" "$RTFX_TMP/image-gcp.raw"
        starts -gcp.raw
        ;;
    *) # no BIOS: what clouds and hypervisors take starts by UEFI too
        formats vmdk,raw-efi,qcow2-efi,iso-efi-initrd
        starts .vmdk --uefi
        ;;
esac
for suffix in -efi.img -efi.qcow2 -efi-initrd.iso; do
    starts $suffix --uefi
done
