#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An image whose kernel and files were all built by BuildKit is assembled and boots.
. "$RTFX_SOURCE/tests/lib/docker.sh"
. "$RTFX_SOURCE/tests/lib/guests.sh"
daemon one
export RTFX_BUILDERS=linux/amd64=one
package() { # NAME FILE: a package of that file alone
    mkdir -p "pkg/$1"
    printf 'image: %s\norg: test\narches: [amd64]\n' "$1" >"pkg/$1/build.yml"
    printf 'FROM scratch\nCOPY %s /\n' "$2" >"pkg/$1/Dockerfile"
    cp "$2" "pkg/$1/"
}
guest hello 'Welcome to BuildKit\r\n' halt
mv hello-kernel kernel
package kernel kernel
echo '#!/bin/sh' >init
package init init

expect_exit 0 "$RTFX" pkg build --offline pkg/kernel pkg/init
[ "$(grep -c 'docker context one' output)" -eq 2 ] || fail "not built by BuildKit: $(cat output)"
cat >hello.yml <<'YAML'
kernel: {image: "test/kernel:latest", tar: none, cmdline: console=ttyS0}
init: ["test/init:latest"]
YAML
expect_exit 0 "$RTFX" build --arch amd64 hello.yml
cmp kernel hello-kernel
zcat hello-initrd.img | cpio --quiet -t | grep -qx init || fail 'the initrd has no init'
expect_exit 0 "$RTFX" boot --arch amd64 --mem 64 --accel tcg --expect 'Welcome to BuildKit' hello
