#!/bin/sh
# SUMMARY: A kernel that can mounts its root from squashfs, EROFS and ISO 9660
# LABELS: slow,!s390x,!riscv64
# REPEAT:
# TIMEOUT: 2h
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

# Compiles it the first time, which takes a while.
"$RTFX" kernel build --arch "$RTFX_ARCH" --series 6.12 --flavour qemu || fail 'the kernel does not build'

starts() { # FILESYSTEM IMAGE [flag...]
    filesystem=$1 file=$2
    shift 2
    echo "--- $filesystem: $file $*"
    "$RTFX" boot --arch "$RTFX_ARCH" --mem 256 --net none --snapshot --timeout 90 "$@" \
        --expect "VFS: Mounted root \($filesystem filesystem\) readonly" --expect 'the root is whole' \
        --expect 'boot complete after' "$RTFX_TMP/$file" > "$RTFX_TMP/console" 2>&1 || {
        tail -n 30 "$RTFX_TMP/console" >&2
        fail "$file does not boot"
    }
    tail -n 1 "$RTFX_TMP/console"
}

for compression in gzip zstd none; do
    "$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name "$compression" --compress "$compression" -f kernel+squashfs test.yml
    starts squashfs "$compression"
done
"$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name erofs -f kernel+erofs test.yml
starts erofs erofs
"$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name disc -f kernel+iso test.yml
starts iso9660 disc
"$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name image -f iso-efi test.yml
starts iso9660 image-efi.iso --uefi
[ "$RTFX_ARCH" = amd64 ] || exit 0 # only PCs have a BIOS
"$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name image -f iso-bios test.yml
starts iso9660 image.iso
