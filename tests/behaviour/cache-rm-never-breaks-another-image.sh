#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Blobs that two images share stay until both are gone; names in docker's short and long form; damaged images go too.
. "$RTFX_SOURCE/tests/lib/images.sh"
export RTFX_CACHE="$PWD/cache/rtfx"
store=$RTFX_CACHE/store
blobs() { find "$store/blobs" -type f | wc -l; }
whole() { skopeo copy -q --insecure-policy --override-arch "$2" "oci:$store:$1" "oci:copy.$(date +%N):x" || fail "$1 is broken"; }

mkdir -p shared own
head -c 100000 /dev/urandom >shared/data
image demo/one:1 amd64 shared >/dev/null # one layer, two configurations
image docker.io/demo/two:1 arm64 shared >/dev/null
echo x >own/data
image demo/three:1 amd64 own >/dev/null
[ "$(blobs)" -eq 8 ] || fail "expected three images with a common layer, got $(blobs) blobs"

expect_exit 1 "$RTFX" cache rm demo/one:1 demo/on:1
expect_output '^rtfx: no image demo/on:1 .*did you mean "demo/one:1"'
expect_exit 0 "$RTFX" cache ls
expect_output demo/one:1

expect_exit 0 "$RTFX" cache rm docker.io/demo/one:1
expect_output '^demo/one:1$'
whole docker.io/demo/two:1 arm64
[ "$(blobs)" -eq 6 ] || fail "the manifest and configuration of one, and nothing else, should be gone: $(blobs)"

# A second name for what is already there.
expect_exit 0 "$RTFX" cache export --outfile two.tar --name demo/alias:1 demo/two:1
expect_exit 0 "$RTFX" cache import two.tar
expect_exit 0 "$RTFX" cache rm demo/two:1
whole demo/alias:1 arm64

# An index: its images stay as long as one of the names leads to them.
expect_exit 0 "$RTFX" cache export --outfile index.tar demo/three:1
expect_exit 0 "$RTFX" cache rm demo/three:1
expect_output '^demo/three:1$'
[ "$(blobs)" -eq 3 ] || fail "$(blobs) blobs instead of 3"

# Somebody else's damaged image is no reason to keep one, and to remove what it may need.
expect_exit 0 "$RTFX" cache import index.tar
for file in "$store"/blobs/sha256/*; do
    if grep -q '"config":{"mediaType"' "$file" && grep -q "$(sha256sum <layer | cut -d' ' -f1)" "$file"; then
        echo '{' >"$file"
    fi
done
expect_exit 0 "$RTFX" cache ls
expect_output 'demo/three:1.*damaged'
expect_exit 0 "$RTFX" cache rm demo/alias:1
expect_output 'the blobs stay until rtfx cache gc'
expect_exit 1 "$RTFX" cache gc
expect_output '^rtfx: image demo/three:1: blob sha256:.* is corrupt'
expect_exit 0 "$RTFX" cache rm demo/three:1
expect_exit 0 "$RTFX" cache gc
[ "$(blobs)" -eq 0 ] || fail "$(blobs) blobs are left"
