#!/bin/sh
# SUMMARY: The images have what users of linuxkit and of hypervisors look for, and nothing else
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

# files IMAGE: the names of the files in it.
files() {
    ref=$(kernel_image "$1")
    "$RTFX" cache export --format oci --platform "linux/$RTFX_ARCH" --outfile "$RTFX_TMP/$1.tar" "$ref" > "$RTFX_TMP/log" 2>&1 ||
        { cat "$RTFX_TMP/log" >&2; fail "$ref is not in the cache for $RTFX_ARCH"; }
    mkdir -p "$RTFX_TMP/$1"
    tar -C "$RTFX_TMP/$1" -xf "$RTFX_TMP/$1.tar"
    layers=$(find "$RTFX_TMP/$1/blobs" -type f -size +4k)
    [ "$(echo "$layers" | wc -l)" -eq 1 ] || fail "$ref has not one layer: $layers"
    mv "$layers" "$RTFX_TMP/$1.layer"
    tar -tzf "$RTFX_TMP/$1.layer" | grep -v '/$'
}

expect() { # IMAGE LINES
    files "$1" > "$RTFX_TMP/$1.files"
    [ "$(cat "$RTFX_TMP/$1.files")" = "$2" ] || { cat "$RTFX_TMP/$1.files" >&2; fail "$1 has other files"; }
}
expect kernel 'kernel
kernel-dev.tar
kernel.tar'
expect kernel-bin 'boot/image'

files kernel-modules > "$RTFX_TMP/modules"
release=$(sed -n 's|^lib/modules/\([^/]*\)/modules\.dep$|\1|p' "$RTFX_TMP/modules")
[ -n "$release" ] || fail "no modules.dep in kernel-modules"
! grep -v "^lib/modules/$release/" "$RTFX_TMP/modules" || fail 'something else than modules is in kernel-modules'
case $release in "$series"*) ;; *) fail "the release is $release" ;; esac

out=$RTFX_TMP/out
mkdir "$out"
tar -xzf "$RTFX_TMP/kernel.layer" -C "$out"
tar -tf "$out/kernel.tar" | grep -v '/$' | sort > "$RTFX_TMP/in-tar"
sort "$RTFX_TMP/modules" | cmp - "$RTFX_TMP/in-tar" || fail 'kernel.tar and kernel-modules differ'
tar -xzf "$RTFX_TMP/kernel-bin.layer" -C "$out"
cmp "$out/kernel" "$out/boot/image" || fail 'kernel and kernel-bin have different kernels'
# The same bytes wherever they were built: nothing names a folder of the builder.
! grep -aoE '[[:print:]]*/kernels/(source|build)/[[:print:]]{0,60}' "$out/kernel" "$out/kernel.tar" "$out/kernel-dev.tar" > "$RTFX_TMP/folders" ||
    { head -n 3 "$RTFX_TMP/folders" >&2; fail 'files name folders of the host that built them'; }
echo "RT_BENCHMARK_RESULT: kernel $(wc -c < "$out/kernel") bytes, modules $(wc -c < "$out/kernel.tar") bytes"
