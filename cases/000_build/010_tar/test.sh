#!/bin/sh
# SUMMARY: The root filesystem has the layout that init expects
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble test.yml --format tar
image=$RTFX_TMP/image.tar
tar --warning=no-unknown-keyword -tf "$image" > "$RTFX_TMP/list"

expect_path() {
    grep -qxE "(\./)?$1/?" "$RTFX_TMP/list" || fail "$1 is not in the image"
}

expect_text() {
    found=$(in_tar "$1")
    [ "$found" = "$2" ] || fail "$1 has: $found; expected: $2"
}

for path in boot/kernel init lib/modules/.*/virtio_net.ko usr/bin/crun \
    containers/onboot/000-writable/config.json containers/onboot/000-writable/runtime.json \
    containers/onboot/000-writable/lower/bin containers/onboot/000-writable/tmp containers/onboot/000-writable/rootfs \
    containers/onboot/001-readonly/rootfs/usr/bin/power \
    containers/onshutdown/000-last/config.json containers/services/again/config.json; do
    expect_path "$path"
done
if grep -E 'onboot/001-readonly/(lower|tmp)' "$RTFX_TMP/list"; then
    fail 'a readonly container has no overlay'
fi
# The second use of an image refers to the first one's files.
if grep -E 'services/again/(lower|rootfs)/.' "$RTFX_TMP/list"; then
    fail 'the same image is there twice'
fi

expect_text boot/cmdline 'console=ttyS0 a=b'
expect_text etc/greeting 'hello'
tar --warning=no-unknown-keyword -tvf "$image" | grep -E '^-rw-r----- .* etc/greeting$' || fail 'etc/greeting does not have mode 0640'

in_tar containers/onboot/000-writable/config.json > "$RTFX_TMP/config.json"
jq -e '.process.args == ["echo", "a b"] and .process.env == ["X=1"] and .root == {path: "rootfs"}' "$RTFX_TMP/config.json" ||
    fail 'config.json does not have the command and environment of the YAML'
in_tar containers/onboot/001-readonly/config.json | jq -e '.root.readonly' || fail '001-readonly is not read-only'
