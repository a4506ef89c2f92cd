#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The images that buildah keeps for builds to start from go when the store has them no longer, and are loaded again when
# they are wanted.
. "$RTFX_SOURCE/tests/lib/project.sh"
export RTFX_CACHE="$PWD/cache"
git init -q .
mkdir -p pkg/base pkg/top
printf 'image: base\narches: [amd64]\n' >pkg/base/build.yml
printf 'FROM scratch\nCOPY build.yml /base\n' >pkg/base/Dockerfile
printf 'image: top\narches: [amd64]\nbuildArgs: ["BASE=@lkt:pkg:../base"]\n' >pkg/top/build.yml
printf 'ARG BASE\nFROM ${BASE}\nCOPY build.yml /top\n' >pkg/top/Dockerfile
printf '_\n' >.gitignore
git add pkg .gitignore
git -c user.name=Test -c user.email=test@example.org commit -q -m first
images() {
    for driver in overlay vfs; do
        file=$RTFX_CACHE/buildah/images/$driver-images/images.json
        [ ! -f "$file" ] || jq length "$file"
    done
}

expect_exit 0 "$RTFX" pkg build --offline --platforms linux/amd64 pkg/top
[ "$(images)" = 1 ] || fail "the test wants one image to start from, got: $(images)"
expect_exit 0 "$RTFX" cache gc
expect_no_output 'buildah image'

"$RTFX" cache ls --json | jq -r '.[].name' | grep /base: | xargs "$RTFX" cache rm >/dev/null
expect_exit 0 "$RTFX" cache gc --dry-run
expect_output '^buildah image .*linuxkit/base:[0-9a-f]{40}'
[ "$(images)" = 1 ] || fail "--dry-run removes"
expect_exit 0 "$RTFX" cache gc
expect_output '^buildah image .*linuxkit/base:'
[ "$(images)" = 0 ] || fail "the old image is left"

expect_exit 0 "$RTFX" pkg build --offline --platforms linux/amd64 --force pkg/top
[ "$(images)" = 1 ] || fail "the image was not loaded again: $(images)"
expect_exit 0 "$RTFX" cache clean
expect_output '^buildah image '
[ "$(images)" = 0 ] || fail "clean leaves an image"
