#!/bin/sh
# SUMMARY: A module that is not of the kernel's source is built against kernel-dev.tar, loaded and unloaded
# LABELS:
# REPEAT:
# TIMEOUT: 300
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

cross_build
ref=$(kernel_image kernel)
"$RTFX" cache export --format oci --platform "linux/$RTFX_ARCH" --outfile "$RTFX_TMP/kernel-image.tar" "$ref"
mkdir "$RTFX_TMP/layout" "$RTFX_TMP/dev" "$RTFX_TMP/module"
tar -C "$RTFX_TMP/layout" -xf "$RTFX_TMP/kernel-image.tar"
layer=$(find "$RTFX_TMP/layout/blobs" -type f -size +4k)
tar -C "$RTFX_TMP" -xzf "$layer" kernel-dev.tar
tar -C "$RTFX_TMP/dev" -xf "$RTFX_TMP/kernel-dev.tar"
headers=$(echo "$RTFX_TMP"/dev/usr/src/linux-headers-*)

cp hello.c Makefile "$RTFX_TMP/module/"
make -C "$headers" ARCH="$kernel_arch" CROSS_COMPILE="$cross" M="$RTFX_TMP/module" modules ||
    fail 'the module does not build against kernel-dev.tar'
cp "$RTFX_TMP/module/hello.ko" "$RTFX_TMP/hello.ko"
sed "s|source: hello.ko|source: $RTFX_TMP/hello.ko|; s|@pkg:\.\./\.\./\.\./\.\./|@pkg:$RTFX_PROJECT/|" test.yml > "$RTFX_TMP/test.yml"
assemble_on_kernel "$RTFX_TMP/test.yml"
boot_kernel --expect 'hello: a module of the outside' --expect 'hello: gone again' --expect 'module: done' \
    --reject 'disagrees about version|Unknown symbol|Invalid module format'
