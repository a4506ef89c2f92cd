#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rtfx pkg index puts together what machines published by arch: what is found wins, what others have stays, and a
# registry that cannot be asked is not one that has nothing.
. "$RTFX_SOURCE/tests/lib/registry.sh"
start_registry
mkdir one
printf 'image: one\norg: %s/demo\ngitrepo: ""\narches: [amd64, arm64, s390x]\n' "$registry" >one/build.yml
echo 'FROM scratch' >one/Dockerfile
name=demo/one:h1

expect_exit 1 "$RTFX" pkg index --hash h1 one
expect_output "there is no arch tag of $registry/$name, such as $registry/$name-amd64"

for arch in amd64 arm64 riscv64; do
    image_on $arch demo/one:h1 $arch
    expect_exit 0 on $arch "$RTFX" cache push demo/one:h1 --remote-name "$registry/$name-$arch"
done
expect_exit 0 "$RTFX" pkg index --hash h1 --release r1 one
expect_output "^$registry/$name created sha256:[0-9a-f]{64} \(amd64, arm64, riscv64\)$"
expect_output "^$registry/demo/one:r1 created sha256:[0-9a-f]{64} \(amd64, arm64, riscv64\)$"
expect_output "^rtfx: $registry/$name has no s390x yet"
expect_arches $name amd64 arm64 riscv64
[ "$(raw $name | sha256sum)" = "$(raw demo/one:r1 | sha256sum)" ] || fail "the release is another index"
expect_exit 0 "$RTFX" pkg manifest --hash h1 one
expect_output "^$registry/$name unchanged "

# A newer arch wins, and an arch without a tag stays.
image_on arm64 demo/one:h1 arm64 newer
expect_exit 0 on arm64 "$RTFX" cache push demo/one:h1 --remote-name "$registry/$name-arm64" --override
image_on ppc64le demo/one:h1 ppc64le
expect_exit 0 on ppc64le "$RTFX" cache push demo/one:h1 --remote-name "$registry/$name" --override
expect_exit 0 "$RTFX" pkg index --hash h1 one
expect_arches $name amd64 arm64 ppc64le riscv64
newer=$(raw $name-arm64 | jq -r '.manifests[0].digest')
[ "$(raw $name | jq -r '.manifests[] | select(.platform.architecture == "arm64").digest')" = "$newer" ] || fail "arm64 is the old one"

# An arch tag that holds another arch.
expect_exit 0 "$RTFX" pkg remote-tag "$registry/$name-amd64" "$registry/$name-s390x"
expect_exit 1 "$RTFX" pkg index --hash h1 one
expect_output "$registry/$name-s390x is for amd64 instead of s390x"

kill "$registry_process"
wait "$registry_process" 2>/dev/null || :
expect_exit 3 "$RTFX" pkg index --hash h1 one
expect_output 'is it running'
