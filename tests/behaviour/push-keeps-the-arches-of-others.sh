#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two machines publish one tag: the index gets both arches, and nothing is written twice.
. "$RTFX_SOURCE/tests/lib/registry.sh"
start_registry

image_on a demo/one:v1 amd64
image_on b demo/one:v1 arm64

expect_exit 0 on a "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1"
expect_output "^$registry/demo/one:v1 created sha256:[0-9a-f]{64} \(amd64\)$"
expect_arches demo/one:v1 amd64

# Without --override the tag stays as it is.
expect_exit 0 on b "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1"
expect_output 'already exists in the registry, skipping'
expect_arches demo/one:v1 amd64

expect_exit 0 on b "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1" --override --with-arch-tags
expect_output "demo/one:v1-arm64 created sha256:[0-9a-f]{64} \(arm64\)$"
expect_output "demo/one:v1 updated sha256:[0-9a-f]{64} \(amd64, arm64\)$"
expect_arches demo/one:v1 amd64 arm64
[ "sha256:$(raw demo/one:v1-arm64 | sha256sum | cut -d' ' -f1)" = "$(jq -r '.manifests[0].digest' b/cache/rtfx/store/index.json)" ] ||
    fail "the arch tag is not the image of the store"

# The same again: nothing is written.
before=$(requests PUT)
[ "$before" -gt 0 ] || fail "the log of the registry does not tell of requests"
expect_exit 0 on b "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1" --override --with-arch-tags
expect_output "demo/one:v1 unchanged sha256:[0-9a-f]{64} \(amd64, arm64\)$"
[ "$(requests PUT)" -eq "$before" ] || fail "what was there was written again"

# A newer image of an arch replaces that arch alone.
image_on a demo/one:v1 amd64 newer
expect_exit 0 on a "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1" --override
expect_arches demo/one:v1 amd64 arm64
skopeo copy -q --insecure-policy --src-tls-verify=false --override-arch amd64 "docker://$registry/demo/one:v1" oci:read:one
skopeo copy -q --insecure-policy --src-tls-verify=false --override-arch arm64 "docker://$registry/demo/one:v1" oci:read:two
