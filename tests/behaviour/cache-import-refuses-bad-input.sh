#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An archive that is not whole, not right or has no name: one line that says so, and the names are as before.
. "$RTFX_SOURCE/tests/lib/images.sh"
layout="$PWD/cache/rtfx/store"
mkdir tree
head -c 3000000 /dev/urandom >tree/data
manifest=$(image demo/one:1 amd64 tree)
skopeo copy -q --insecure-policy --preserve-digests "oci:$layout:demo/one:1" oci-archive:good.tar:demo/one:1
export RTFX_CACHE="$PWD/own"
expect_exit 0 "$RTFX" cache ls
[ ! -e own ] || fail "looking made a store"
mkdir other
echo x >other/file
image other/kept:1 arm64 other >/dev/null
skopeo copy -q --insecure-policy --preserve-digests "oci:$layout:other/kept:1" oci-archive:kept.tar:other/kept:1
expect_exit 0 "$RTFX" cache import kept.tar
names=$(sha256sum <own/store/index.json)

# refused CODE MESSAGE ARGUMENTS...: one line on standard error, nothing named, no temporary file left.
refused() {
    code=$1 message=$2
    shift 2
    "$RTFX" cache gc >/dev/null 2>&1 # what an import that failed has brought would make the next one whole
    expect_exit "$code" "$RTFX" cache import "$@" </dev/null
    expect_output "^rtfx: .*$message"
    [ "$(wc -l <output)" -eq 1 ] || fail "more than one line: $(cat output)"
    [ "$names" = "$(sha256sum <own/store/index.json)" ] || fail "$*: the names have changed"
    [ -z "$(find own/store -name '*.tmp.*')" ] || fail "$*: left behind: $(find own/store -name '*.tmp.*')"
}

# Changes of the unpacked archive.
broken() { # NAME COMMAND
    rm -rf work
    mkdir work
    tar -C work -xf good.tar
    (cd work && eval "$2")
    tar -C work -cf "$1" .
}
layer=$(tar -tvf good.tar | sort -k3 -n | tail -n 1 | sed 's/.* //')

refused 2 'nosuch.tar: No such file' nosuch.tar
echo "no archive" >text
refused 2 'text: no tar archive' text
: >empty
refused 2 'empty: has neither index.json nor manifest.json' empty
tar -cf files.tar tree
refused 2 'files.tar: has neither index.json nor manifest.json, so it is no archive of images' files.tar
refused 2 'tree: is a directory, but no OCI image layout' tree
refused 2 'own/store: is the content store itself' own/store
head -c 1000000 good.tar >cut.tar
refused 1 'cut.tar: damaged archive: Truncated' cut.tar
gzip -c good.tar | head -c 1000000 >cut.tar.gz
refused 1 'cut.tar.gz: damaged archive: .*[Tt]runcated' cut.tar.gz

broken corrupt.tar "printf x | dd of=$layer bs=1 seek=4711 conv=notrunc 2>/dev/null"
refused 1 "corrupt.tar: blob sha256:${layer##*/} is corrupt: what came has the digest sha256:" corrupt.tar
broken missing.tar "rm $layer"
refused 1 "missing.tar: image demo/one:1: blob sha256:${layer##*/} is missing" missing.tar
broken no-manifest.tar "rm blobs/sha256/${manifest#sha256:}"
refused 1 "blob $manifest is missing" no-manifest.tar
broken json.tar 'echo "{" >index.json'
refused 1 'index.json: image index is not valid JSON' json.tar
broken types.tar 'echo "{\"schemaVersion\":2,\"manifests\":{}}" >index.json'
refused 1 'index.json: image index: "manifests" is not a list' types.tar
broken none.tar 'echo "{\"schemaVersion\":2,\"manifests\":[]}" >index.json'
refused 1 'none.tar: has no image' none.tar
broken version.tar 'echo "{}" >oci-layout'
refused 1 'its oci-layout is not that of an OCI image layout' version.tar
broken blobname.tar 'echo x >blobs/sha256/..x'
refused 1 '"sha256:..x" is not a sha256 digest' blobname.tar
broken docker.tar 'mv index.json manifest.json'
refused 1 'manifest.json is not a JSON list' docker.tar
broken paths.tar 'rm index.json; echo "[{\"Config\":\"../../etc/passwd\",\"Layers\":[]}]" >manifest.json'
refused 1 'the archive has no ../../etc/passwd' paths.tar

broken nameless.tar "sed -i 's/,\"annotations\":{[^}]*}//' index.json"
refused 2 "nameless.tar: the image $manifest has no name there; give it one with --name NAME" nameless.tar
cp good.tar two.tar
refused 2 'has several images .* and --name is for one' --name x:1 "$layout"
expect_exit 0 "$RTFX" cache import nameless.tar --name named:1
expect_exit 0 "$RTFX" cache rm named:1

# A docker archive whose layer is another one than its configuration says.
mkdir docker
skopeo copy -q --insecure-policy "oci:$layout:demo/one:1" docker-archive:docker.good.tar:demo/one:1
tar -C docker -xf docker.good.tar
file=$(find docker -name '*.tar' -type f)
printf x | dd of="$file" bs=1 seek=4711 conv=notrunc 2>/dev/null
tar -C docker -cf docker.bad.tar .
names=$(sha256sum <own/store/index.json)
refused 1 'docker.bad.tar: layer .* has the digest sha256:.*, but the configuration says sha256:' docker.bad.tar
refused 2 'FILE is required'

# What failed is no obstacle for what is right.
expect_exit 0 "$RTFX" cache import good.tar
expect_output "^demo/one:1 $manifest$"
