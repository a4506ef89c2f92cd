#!/bin/sh
# SUMMARY: examples/minimal.yml boots from packages that BuildKit in a docker daemon built
# LABELS: slow
# REPEAT:
# TIMEOUT: 400
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

# The base image is taken from where it is; a store of its own keeps what BuildKit builds apart from what a release tests.
base=$("$RTFX" pkg show-tag "$RTFX_PROJECT/pkg/debian")
for arch in $(printf '%s\n' "$RTFX_ARCH" "$(dpkg --print-architecture)" | sort -u); do
    "$RTFX" cache export --outfile "$RTFX_TMP/base-$arch.tar" "$base-$arch" || fail "the store has no $base for $arch"
done

cd "$RTFX_TMP"
RTFX_SOURCE=$RTFX_PROJECT
unset RTFX_SUBJECTS || :
. "$RTFX_PROJECT/tests/lib/docker.sh"
daemon host
for file in base-*.tar; do
    "$RTFX" cache import "$file"
    rm "$file"
done

cd "$RTFX_PROJECT"
for arch in amd64 arm64 s390x riscv64; do
    RTFX_BUILDERS=${RTFX_BUILDERS:+$RTFX_BUILDERS,}linux/$arch=host
done
export RTFX_BUILDERS
"$RTFX" pkg build --offline --platforms "linux/$RTFX_ARCH" pkg/init pkg/crun pkg/dhcpcd pkg/getty kernel/debian >"$RTFX_TMP/built" ||
    fail "the packages do not build"
cat "$RTFX_TMP/built"
[ "$(grep -c 'docker context host' "$RTFX_TMP/built")" -ge 5 ] || fail "something else built them"

assemble examples/minimal.yml
boot --expect 'Welcome to LinuxKit' \
    --expect 'dhcpcd: eth0 has 10\.0\.2\.15' \
    --expect 'linuxkit:~# ' \
    --reject 'exit [1-9]'
