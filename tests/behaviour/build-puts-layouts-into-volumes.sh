#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A volume with `format: oci` holds the image itself as an OCI layout that other tools read, for the platforms that it asks for.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir files && echo one >files/init
start_layout
amd64=$(for_arch "$(manifest_of amd64 files)" amd64)
echo two >files/init
arm64=$(for_arch "$(manifest_of arm64 files)" arm64)
index_image org/multi:1 "$amd64" "$arm64"
single=$(image org/single:1 riscv64 files)
build() { # YAML
    echo "$1" >x.yml
    rm -rf root && mkdir root
    "$RTFX" build --offline --no-cache --arch amd64 --o x.tar x.yml &&
        tar --warning=no-unknown-keyword -C root -xf x.tar
}
lower=root/containers/volumes/v/lower
digest_of() {
    printf %s "$1" | jq -r .digest
}

expect_exit 0 build 'volumes: [{name: v, image: org/multi:1, format: oci}]'
skopeo copy -q --insecure-policy --all "oci:$lower" dir:all || fail 'skopeo does not read the layout'
[ "$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' $lower/index.json)" = docker.io/org/multi:1 ] ||
    fail 'the image has no name'
for arch in amd64 arm64; do
    skopeo copy -q --insecure-policy --override-arch $arch "oci:$lower" dir:$arch || fail "no image for $arch"
done
[ "$(cat root/containers/volumes/v/lower/oci-layout)" = '{"imageLayoutVersion": "1.0.0"}' ] || fail 'no oci-layout'
[ -d root/containers/volumes/v/tmp ] && [ -d root/containers/volumes/v/merged ] || fail 'the volume has no places for its overlay'
expect_exit 0 build 'volumes: [{name: v, image: org/multi:1, format: oci, platforms: [linux/arm64]}]'
skopeo copy -q --insecure-policy --override-arch arm64 "oci:$lower" dir:arm64-only || fail 'no image for arm64'
[ -e "$lower/blobs/sha256/$(digest_of "$arm64" | cut -d: -f2)" ] || fail 'arm64 is missing'
[ ! -e "$lower/blobs/sha256/$(digest_of "$amd64" | cut -d: -f2)" ] || fail 'amd64 is there as well'

# An image without an index, for another arch than the build.
expect_exit 0 build 'volumes: [{name: v, image: org/single:1, format: oci}]'
[ "$(jq -r '.manifests[0].digest' $lower/index.json)" = "$single" ] || fail 'the layout has another image'
skopeo copy -q --insecure-policy "oci:$lower" dir:single || fail 'skopeo does not read the layout of one image'
expect_exit 0 build 'volumes: [{name: v, image: org/single:1, format: oci, platforms: [linux/riscv64]}]'

# Beside it the files of the same image; a container that finds the volume.
expect_exit 0 build 'volumes: [{name: v, image: org/multi:1, format: oci, readonly: true}, {name: w, image: org/multi:1}]
onboot: [{name: a, image: org/multi:1, binds: ["v:/v:ro", "w:/w"]}]'
[ -e $lower/index.json ] && [ "$(cat root/containers/volumes/w/lower/init)" = one ] || fail 'the volumes are mixed up'
jq -e '[.mounts[].source] | contains(["/containers/volumes/v/merged", "/containers/volumes/w/merged"])' \
    root/containers/onboot/000-a/config.json >/dev/null || fail 'the container does not find the volumes'

expect_exit 1 build 'volumes: [{name: v, image: org/multi:1, format: oci, platforms: [linux/amd64, linux/s390x]}]'
expect_output 'image org/multi:1: .* has it for linux/amd64, linux/arm64, but not for linux/s390x'
expect_exit 1 build 'volumes: [{name: v, image: org/nothing:1, format: oci}]'
expect_output 'image org/nothing:1: not in the content store'
expect_exit 2 build 'volumes: [{name: v, image: org/multi:1, format: oci, readonly: true}]
onboot: [{name: a, image: org/multi:1, binds: ["v:/v"]}]'
expect_output 'volume "v" is read-only'
layer=$(jq -r '.layers[0].digest' <"cache/rtfx/store/blobs/sha256/$(digest_of "$arm64" | cut -d: -f2)" | cut -d: -f2)
chmod u+w "cache/rtfx/store/blobs/sha256/$layer"
printf x | dd of="cache/rtfx/store/blobs/sha256/$layer" bs=1 seek=20 conv=notrunc 2>/dev/null
expect_exit 1 build 'volumes: [{name: v, image: org/multi:1, format: oci}]'
expect_output "volume v: .*$layer is corrupt"
