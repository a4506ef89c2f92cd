#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rtfx pkg remote-tag gives what is in a registry another name: in its repository, in another one, in another registry.
. "$RTFX_SOURCE/tests/lib/registry.sh"
start_registry
for arch in amd64 arm64; do
    image_on a demo/one:v1 $arch
    expect_exit 0 on a "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1" --override
done
first=$registry

same() { # NAME
    [ "$(raw "$1" | sha256sum)" = "$index" ] || fail "$1 is another index"
    skopeo copy -q --insecure-policy --all --src-tls-verify=false "docker://$registry/$1" "oci:read:x" || fail "$1 is not whole"
}
index=$(raw demo/one:v1 | sha256sum)

expect_exit 0 "$RTFX" pkg remote-tag "$first/demo/one:v1" "$first/demo/one:stable"
expect_output "demo/one:stable created sha256:.* \(amd64, arm64\)$"
same demo/one:stable
expect_exit 0 "$RTFX" pkg remote-tag "$first/demo/one:v1" "$first/demo/one:stable"
expect_output 'is identical to .*, skipping'
expect_exit 0 "$RTFX" pkg remote-tag --release x "$first/demo/one:v1" "$first/demo/two"
same demo/two:latest

start_registry
expect_exit 0 "$RTFX" pkg remote-tag "$first/demo/one:v1" "$registry/other/one:v1"
same other/one:v1
expect_exit 0 "$RTFX" pkg remote-tag "$first/demo/one@sha256:${index%% *}" "$registry/other/one:pinned"
same other/one:pinned

expect_exit 1 "$RTFX" pkg remote-tag "$first/demo/one:none" "$registry/other/one:none"
expect_output 'demo/one:none is not in its registry'
expect_exit 2 "$RTFX" pkg remote-tag "$first/demo/one:v1" "$registry/other/one@sha256:${index%% *}"
expect_output 'a name with a tag and no digest is needed'
expect_exit 2 "$RTFX" pkg remote-tag "$first/demo/one:v1" "not a name"
expect_output 'is not the name of an image'
