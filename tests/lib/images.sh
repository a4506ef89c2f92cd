# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts of rtfx build: images in a content store below ./cache, made without a builder.

: "${RTFX:?}"
unset RTFX_SUBJECTS RTFX_CACHE LINUXKIT_CACHE || :
export XDG_CACHE_HOME="$PWD/cache"

. "$RTFX_SOURCE/tests/lib/expect.sh"

# The digest of a file, which goes into the layout that is being made.
blob() { # FILE
    digest=$(sha256sum <"$1" | cut -d' ' -f1)
    cp "$1" "layout/blobs/sha256/$digest"
    echo "$digest"
}

descriptor() { # MEDIA-TYPE FILE
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s}' "$1" "$(blob "$2")" "$(wc -c <"$2")"
}

# image NAME ARCH DIRECTORY: puts the files of the directory into the store as an image of one layer; prints its digest.
image() {
    oci=application/vnd.oci.image
    mkdir -p layout/blobs/sha256
    tar -C "$3" --sort=name --mtime=@0 --owner=0 --group=0 -cf layer .
    printf '{"architecture":"%s","os":"linux","config":{"Cmd":["/run"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$2" "$(sha256sum <layer | cut -d' ' -f1)" >config
    printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s]}' "$oci" \
        "$(descriptor $oci.config.v1+json config)" "$(descriptor $oci.layer.v1.tar layer)" >manifest
    printf '{"schemaVersion":2,"manifests":[%s]}' "$(descriptor $oci.manifest.v1+json manifest)" >layout/index.json
    echo '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
    mkdir -p cache/rtfx
    skopeo copy -q --insecure-policy --preserve-digests oci:layout "oci:cache/rtfx/store:$1"
    echo "sha256:$(blob manifest)"
    rm -r layout
}
