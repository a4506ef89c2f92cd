#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Before the registry stands what refuses large requests, or cuts connections after so many bytes: blobs go in pieces, and
# another program reads what was sent.
. "$RTFX_SOURCE/tests/lib/registry.sh"
export RTFX_RETRY_PAUSE_MS=10

mkdir -p a/files-amd64
openssl enc -aes-128-ctr -nosalt -k one -md sha256 </dev/zero 2>/dev/null | head -c 3000000 >a/files-amd64/content
(cd a && image demo/one:v1 amd64 files-amd64) >/dev/null
start_registry

push_through() { # HOW BYTES TAG
    start_proxy "${registry#*:}" "$1" "$2"
    expect_exit 0 on a "$RTFX" cache push demo/one:v1 --remote-name "$proxy/demo/$3:v1"
    expect_output "^$proxy/demo/$3:v1 created sha256:"
    rm -rf read
    skopeo copy -q --insecure-policy --preserve-digests --src-tls-verify=false --override-arch amd64 \
        "docker://$registry/demo/$3:v1" oci:read:one
    cmp a/layer "read/blobs/sha256/$(sha256sum <a/layer | cut -d' ' -f1)" || fail "the registry has another layer"
}

# 413: the session that the refused request was for is used.
push_through limit 1000000 limited
grep -q '^413 30' "$proxy_log" || fail "the whole blob was never too large"
[ "$(requests PATCH)" -ge 3 ] || fail "$(requests PATCH) pieces"

# A connection ends before the blob does.
before=$(requests PATCH)
push_through cut 1500000 cut
grep -q '^cut' "$proxy_log" || fail "nothing was cut"
[ "$(requests PATCH)" -gt "$before" ] || fail "nothing was sent in pieces"

# Nothing at all gets through: an end, and no tag.
start_proxy "${registry#*:}" limit 1000
expect_exit 1 on a "$RTFX" cache push demo/one:v1 --remote-name "$proxy/demo/never:v1"
expect_output "uploading blob sha256:[0-9a-f]{64} to $proxy/demo/never: 413 Content Too Large"
skopeo inspect --raw --tls-verify=false "docker://$registry/demo/never:v1" 2>/dev/null && fail "there is a tag"

# What is no number is told before anything is asked.
expect_exit 2 on a env RTFX_RETRY_PAUSE_MS=soon "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1"
expect_output 'RTFX_RETRY_PAUSE_MS="soon": expected whole milliseconds from 0 to 60000'
expect_exit 2 on a env RTFX_STALL_SECONDS=0 "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1"
expect_output 'RTFX_STALL_SECONDS="0": expected whole seconds from 1 to 3600'
