#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a registry has comes into the store: all arches or some, under its name and NAME-ARCH, by tag and by digest.
. "$RTFX_SOURCE/tests/lib/registry.sh"
start_registry
for arch in amd64 arm64 riscv64; do
    image_on publisher demo/one:v1 $arch
    expect_exit 0 on publisher "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:latest" --override
done
digest=sha256:$(raw demo/one:latest | sha256sum | cut -d' ' -f1)

names() { # HOST
    jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' "$1/cache/rtfx/store/index.json" | sort | tr '\n' ' '
}

expect_exit 0 on all "$RTFX" cache pull "$registry/demo/one"
expect_output "^$registry/demo/one:latest $digest \(amd64, arm64, riscv64\)$"
one=$registry/demo/one:latest
[ "$(names all)" = "$one $one-amd64 $one-arm64 $one-riscv64 " ] || fail "names: $(names all)"
skopeo copy -q --insecure-policy --all "oci:all/cache/rtfx/store:$one" oci:copy:one

expect_exit 0 on some "$RTFX" cache pull "$registry/demo/one" --platform linux/arm64
[ "$(names some)" = "$one $one-arm64 " ] || fail "names: $(names some)"
expect_exit 0 on some "$RTFX" cache pull "$registry/demo/one" --arch amd64
expect_output '\(amd64, arm64\)$'
[ "$(names some)" = "$one $one-amd64 $one-arm64 " ] || fail "names: $(names some)"

expect_exit 0 on pinned "$RTFX" cache pull "$registry/demo/one@$digest"
expect_output "^$registry/demo/one@$digest $digest "

# What is not there, and what is no name.
expect_exit 1 on none "$RTFX" cache pull "$registry/demo/one:v9"
expect_output "demo/one:v9 is not in the registry"
expect_exit 1 on none "$RTFX" cache pull "$registry/demo/one" --platform linux/s390x
expect_output "is not in the registry $registry for s390x"
expect_exit 2 on none "$RTFX" cache pull "$registry/Demo/one"
expect_output 'repositories are in lower case'
expect_exit 2 on none "$RTFX" cache pull "$registry/demo/one" --platform arm64
expect_output 'is not of the form linux/ARCH'
expect_exit 2 on none "$RTFX" cache pull "$registry/demo/one" --mirror nonsense
expect_output 'expected \[REGISTRY=\]http\(s\)://HOST'
