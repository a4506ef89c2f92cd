#!/bin/sh
# SUMMARY: A kernel that can mounts its root from squashfs, EROFS and ISO 9660
# LABELS: slow,!s390x,!riscv64
# REPEAT:
# TIMEOUT: 1800
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

code=0
kernel=$(./kernel "$RTFX_ARCH") || code=$?
[ "$code" -ne 253 ] || exit 253
[ "$code" -eq 0 ] || fail 'the kernel does not build'

# The kernel as an image of one file.
cd "$RTFX_TMP"
mkdir -p layout/blobs/sha256
blob() { # FILE MEDIA-TYPE: into the layout; prints its descriptor
    sum=$(sha256sum < "$1" | cut -d' ' -f1)
    cp "$1" "layout/blobs/sha256/$sum"
    printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s}' "$2" "$sum" "$(wc -c < "$1")"
}
mkdir files
cp "$kernel" files/kernel
tar -C files --sort=name --mtime=@0 --owner=0 --group=0 -cf layer kernel
printf '{"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$RTFX_ARCH" "$(sha256sum < layer | cut -d' ' -f1)" > config
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
    "$(blob config config.v1+json)" "$(blob layer layer.v1.tar)" > manifest
printf '{"schemaVersion":2,"manifests":[%s]}' "$(blob manifest manifest.v1+json)" > layout/index.json
echo '{"imageLayoutVersion":"1.0.0"}' > layout/oci-layout
"$RTFX" cache import --name "rtfx-test/root-kernel:$RTFX_ARCH" layout
trap '"$RTFX" cache rm "rtfx-test/root-kernel:$RTFX_ARCH"' EXIT
sed "s|ARCH|$RTFX_ARCH|; s|@pkg:|@pkg:$RTFX_PROJECT/|" "$RT_PROJECT_ROOT/040_formats/010_root/test.yml" > test.yml
cd "$RTFX_PROJECT" # whose rtfx.yml says how packages are named

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
    "$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name "$compression" --compress "$compression" -f kernel+squashfs "$RTFX_TMP/test.yml"
    starts squashfs "$compression"
done
"$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name erofs -f kernel+erofs "$RTFX_TMP/test.yml"
starts erofs erofs
"$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name disc -f kernel+iso "$RTFX_TMP/test.yml"
starts iso9660 disc
"$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name image -f iso-efi "$RTFX_TMP/test.yml"
starts iso9660 image-efi.iso --uefi
[ "$RTFX_ARCH" = amd64 ] || exit 0 # only PCs have a BIOS
"$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name image -f iso-bios "$RTFX_TMP/test.yml"
starts iso9660 image.iso
