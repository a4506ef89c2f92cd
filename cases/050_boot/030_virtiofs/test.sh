#!/bin/sh
# SUMMARY: A directory of the host is the guest's, too
# LABELS: amd64,arm64,riscv64
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"
. "$RT_PROJECT_ROOT/050_boot/console.sh"

command -v virtiofsd > /dev/null || [ -x /usr/lib/qemu/virtiofsd ] || [ -x /usr/libexec/virtiofsd ] || {
    echo 'virtiofsd is not installed'
    exit 253
}
mkdir "$RTFX_TMP/shared"
echo 'from the host' > "$RTFX_TMP/shared/here"
boot_and_type 'mkdir /tmp/v && mount -t virtiofs virtiofs0 /tmp/v && cat /tmp/v/here && echo back >/tmp/v/there; echo do""ne' \
    --virtiofs "$RTFX_TMP/shared" --expect '^from the host$' --expect '^done$'
[ "$code" -eq 0 ] || fail "exit $code"
[ "$(cat "$RTFX_TMP/shared/there")" = back ] || fail 'what the guest wrote is not there'
