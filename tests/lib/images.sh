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

# Starts a layout for the blobs of one image.
start_layout() {
    rm -rf layout
    mkdir -p layout/blobs/sha256
    echo '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
}

# manifest_of ARCH DIRECTORY [LABEL]: prints the descriptor of an image of one layer, the files of the directory; with the
# label org.mobyproject.config if it is given (a JSON object).
manifest_of() {
    oci=application/vnd.oci.image
    tar -C "$2" --sort=name --mtime=@0 --owner=0 --group=0 -cf layer .
    labels=
    [ -z "${3:-}" ] || labels=$(printf ',"Labels":{"org.mobyproject.config":%s}' "$(printf %s "$3" | jq -Rs .)")
    printf '{"architecture":"%s","os":"linux","config":{"Cmd":["/run"],"Env":["A=b"],"WorkingDir":"/w"%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$1" "$labels" "$(sha256sum <layer | cut -d' ' -f1)" >config
    printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s]}' "$oci" \
        "$(descriptor $oci.config.v1+json config)" "$(descriptor $oci.layer.v1.tar layer)" >manifest
    descriptor $oci.manifest.v1+json manifest
}

# attestation_of DESCRIPTOR SPDX-FILE: prints the descriptor of what BuildKit attaches to that image.
attestation_of() {
    oci=application/vnd.oci.image
    printf '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","subject":[],"predicate":%s}' \
        "$(cat "$2")" >statement
    echo '{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":[]}}' >config
    printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s]}' "$oci" \
        "$(descriptor $oci.config.v1+json config)" \
        "$(descriptor application/vnd.in-toto+json statement |
            jq -c '.annotations={"in-toto.io/predicate-type":"https://spdx.dev/Document"}')" >attestation
    descriptor $oci.manifest.v1+json attestation | jq -c --arg digest "$(printf %s "$1" | jq -r .digest)" \
        '.annotations={"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":$digest} |
         .platform={"architecture":"unknown","os":"unknown"}'
}

# for_arch DESCRIPTOR ARCH: the same with its platform.
for_arch() {
    printf %s "$1" | jq -c --arg arch "$2" '.platform={"architecture":$arch,"os":"linux"}'
}

# index_image NAME DESCRIPTOR...: takes the layout into the store as one index.
index_image() {
    index_name=$1
    shift
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":%s}' \
        "$(printf '%s\n' "$@" | jq -sc .)" >index
    printf '{"schemaVersion":2,"manifests":[%s]}' "$(descriptor application/vnd.oci.image.index.v1+json index)" >layout/index.json
    "$RTFX" cache import --name "$index_name" layout >/dev/null
    rm -r layout
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
