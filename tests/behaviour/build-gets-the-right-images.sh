#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Images that are missing, damaged, for another arch or named by a digest: each is one clear line, exit 1, no output.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir files out && echo one >files/init
digest=$(image org/init:1 amd64 files)
other=$(image org/arm:1 arm64 files)
zeros=sha256:0000000000000000000000000000000000000000000000000000000000000000
store=cache/rtfx/store/blobs/sha256
build() { # FILE
    "$RTFX" build --offline --no-cache --no-sbom --arch amd64 --dir out -f tar "$1"
}
fails() { # IMAGES REGEX
    echo "init: [$1]" >x.yml
    expect_exit 1 build x.yml
    expect_output "^rtfx: $2"
    [ -z "$(ls -A out)" ] || fail "$1: something was written: $(ls -A out)"
}
works() { # IMAGES
    echo "init: [$1]" >x.yml
    expect_exit 0 build x.yml
    rm out/x.tar
}

works org/init:1
works docker.io/org/init:1
works "org/init@$digest"
works "org/init:1@$digest"
works "org/whatever:2@$digest"
fails org/init:2 'image org/init:2: not in the content store .* for amd64; get it with: rtfx cache pull org/init:2'
fails "org/init@$zeros" "image org/init@$zeros: not in the content store"
fails "org/init:1@$zeros" "image org/init:1@$zeros: not in the content store"
fails org/arm:1 'image org/arm:1: .* has it for arm64, but not for amd64'
fails "org/arm@$other" "image org/arm@$other: .* has it for arm64, but not for amd64"
fails 'org/a:1, org/b:1' 'image org/b:1: '
[ "$(grep -c 'not in the content store' output)" -eq 2 ] || fail 'not all that are missing are named'
fails 'org/init@sha256:123' 'image org/init@sha256:123: '
[ "$(wc -l <output)" -eq 1 ] || fail 'more than one line'

# A package of the project says how it is built.
mkdir -p pkg/mine && echo 'image: mine' >pkg/mine/build.yml && echo 'FROM scratch' >pkg/mine/Dockerfile
fails '"@pkg:pkg/mine"' 'image linuxkit/mine:.*; build it with: rtfx pkg build --platforms linux/amd64 pkg/mine'

# tag: latest is what a name without a tag means.
image docker.io/library/plain:latest amd64 files >/dev/null
works plain

# Damage. What is the same size is found when it is read.
layer=$(jq -r '.layers[0].digest' <"$store/${digest#sha256:}" | cut -d: -f2)
config=$(jq -r '.config.digest' <"$store/${digest#sha256:}" | cut -d: -f2)
damage() { # BLOB
    chmod u+w "$store/$1"
    printf x | dd of="$store/$1" bs=1 seek=20 conv=notrunc 2>/dev/null
}
cp "$store/$layer" kept
damage "$layer"
fails org/init:1 "image .*org/init:1: .*$layer is corrupt"
mv "$store/$layer" away
fails org/init:1 "image org/init:1: the content store .* lacks a part of it"
head -c 100 kept >"$store/$layer"
fails org/init:1 "image org/init:1: the content store .* lacks a part of it"
mv kept "$store/$layer"
works org/init:1
cp "$store/$config" kept
damage "$config"
fails org/init:1 "image org/init:1: .*$config is corrupt"
mv kept "$store/$config"
damage "${digest#sha256:}"
fails org/init:1 "image org/init:1: .*${digest#sha256:} is corrupt"
