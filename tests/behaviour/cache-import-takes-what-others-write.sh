#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Archives of skopeo, buildah, docker and linuxkit, plain and compressed, from files and pipes, and layout directories.
. "$RTFX_SOURCE/tests/lib/images.sh"
layout="$PWD/cache/rtfx/store"

mkdir -p tree/etc
echo hello >tree/etc/motd
manifest=$(image demo/one:1 amd64 tree)
mkdir -p tree2/etc
echo other >tree2/etc/motd
image demo/two:2 arm64 tree2 >second

copy() { skopeo copy -q --insecure-policy "$@"; }

# imported WHAT NAME DIGEST|-: into a store of its own, which skopeo reads under that name.
number=0
imported() {
    number=$((number + 1))
    store=$PWD/store.$number
    [ "$1" = - ] || exec 3<"$1"
    expect_exit 0 "$RTFX" cache import --cache "$store" "$1" <&3
    expect_output "^$2 sha256:[0-9a-f]{64}$"
    [ "$3" = - ] || expect_output " $3$"
    skopeo inspect "oci:$store/store:$2" >inspected || fail "skopeo cannot read $2 of $1"
    [ "$(skopeo inspect --raw "oci:$store/store:$2" | sha256sum | cut -d' ' -f1)" = "$(grep "^$2 " output | sed 's/.*://')" ] ||
        fail "another digest than the one told"
    expect_exit 0 "$RTFX" cache export --cache "$store" --format filesystem --outfile - "$2"
    tar -xOf output etc/motd | grep -qE 'hello|other' || fail "$1: the files are not there"
}
exec 3</dev/null

copy --preserve-digests "oci:$layout:demo/one:1" oci-archive:skopeo.tar:demo/one:1
imported skopeo.tar demo/one:1 "$manifest"

for pack in "gzip -c" "xz -c" "zstd -qc" "bzip2 -c"; do
    ${pack} skopeo.tar >packed
    imported packed demo/one:1 "$manifest"
    number=$((number + 1))
    # What writes into the pipe comes to its end.
    cat packed | "$RTFX" cache import --cache "$PWD/store.$number" - >output 2>&1 || fail "from a pipe: $(cat output)"
    expect_output "^demo/one:1 $manifest$"
done

mkdir unpacked
tar -C unpacked -xf skopeo.tar
tar -C unpacked -cf dots.tar .
tar -tf dots.tar | grep -qx ./index.json || fail "the test wants names with ./"
imported dots.tar demo/one:1 "$manifest"
tar -C unpacked -cf reversed.tar index.json oci-layout blobs
imported reversed.tar demo/one:1 "$manifest"
imported unpacked demo/one:1 "$manifest"

copy --all "oci:$layout:demo/one:1" docker-archive:docker.tar:demo/one:1
imported docker.tar demo/one:1 -
copy "oci:$layout:demo/one:1" docker-archive:official.tar:docker.io/library/redis:7
imported official.tar redis:7 -

# docker's own classic form: a folder a layer, and a link for the one that is there twice.
cat >classic.py <<'PY'
import hashlib, io, json, tarfile
layer = open("layer", "rb").read()
diff = "sha256:" + hashlib.sha256(layer).hexdigest()
config = json.dumps({"architecture": "s390x", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [diff, diff]}}).encode()
name = hashlib.sha256(config).hexdigest() + ".json"
with tarfile.open("classic.tar", "w") as tar:
    def add(path, content):
        member = tarfile.TarInfo(path)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    add("aaa/VERSION", b"1.0")
    add("aaa/json", b"{}")
    add("aaa/layer.tar", layer)
    link = tarfile.TarInfo("bbb/layer.tar")
    link.type, link.linkname = tarfile.SYMTYPE, "../aaa/layer.tar"
    tar.addfile(link)
    add(name, config)
    add("manifest.json", json.dumps([{"Config": name, "RepoTags": ["demo/classic:1", "demo/classic:2"],
                                      "Layers": ["aaa/layer.tar", "bbb/layer.tar"]}]).encode())
    add("repositories", b"{}")
PY
tar -C tree --sort=name --mtime=@0 --owner=0 --group=0 -cf layer .
python3 classic.py
expect_exit 0 "$RTFX" cache import --cache classic classic.tar
expect_output '^demo/classic:1 sha256:'
expect_output '^demo/classic:2 sha256:'
expect_exit 0 "$RTFX" cache ls --cache classic
expect_output 'demo/classic:2.*linux/s390x'
skopeo inspect --config --override-arch s390x oci:classic/store:demo/classic:2 | grep -q s390x || fail "skopeo cannot read it"

# docker 25 and later: an OCI layout with a manifest.json beside it. Its ref.name is only the tag.
cat >annotate.py <<'PY'
import json, sys
index = json.load(open("unpacked/index.json"))
index["manifests"][0]["annotations"] = json.loads(sys.argv[1])
index["manifests"][0]["mediaType"] = sys.argv[2]
json.dump(index, open("unpacked/index.json", "w"))
PY
image_type=application/vnd.oci.image.manifest.v1+json
config=$(python3 -c 'import json, sys; print(json.load(open("unpacked/blobs/sha256/" + sys.argv[1]))["config"]["digest"][7:])' "${manifest#sha256:}")
printf '[{"Config":"blobs/sha256/%s","RepoTags":["demo/fresh:3"],"Layers":[]}]' "$config" >unpacked/manifest.json
python3 annotate.py '{"io.containerd.image.name": "docker.io/demo/fresh:3", "org.opencontainers.image.ref.name": "3"}' $image_type
tar -C unpacked -cf fresh.tar .
imported fresh.tar demo/fresh:3 "$manifest"
python3 annotate.py '{}' $image_type
tar -C unpacked -cf tags.tar .
imported tags.tar demo/fresh:3 "$manifest"
rm unpacked/manifest.json

# linuxkit cache export calls the image an index.
python3 annotate.py '{"io.containerd.image.name": "docker.io/linuxkit/x:1", "org.opencontainers.image.ref.name": "docker.io/linuxkit/x:1"}' \
    application/vnd.oci.image.index.v1+json
tar -C unpacked -cf linuxkit.tar index.json oci-layout blobs
imported linuxkit.tar linuxkit/x:1 "$manifest"
expect_exit 0 "$RTFX" cache ls --json --cache "$store"
expect_output '"mediaType": "application/vnd.oci.image.manifest.v1.json"'

# Without a name in the archive, and another name than that of the archive.
python3 annotate.py '{}' $image_type
tar -C unpacked -cf nameless.tar .
number=$((number + 1))
expect_exit 0 "$RTFX" cache import --cache "$PWD/store.$number" --name docker.io/me/mine:1 nameless.tar
expect_output "^me/mine:1 $manifest$"
expect_exit 0 "$RTFX" cache import --cache "$PWD/store.$number" --name me/again:1 skopeo.tar
expect_output "^me/again:1 $manifest$"

# A whole layout with two images; a second time nothing changes.
imported "$layout" demo/one:1 "$manifest"
expect_exit 0 "$RTFX" cache ls --cache "$store"
expect_output 'demo/two:2.*linux/arm64'
before=$(sha256sum <"$store/store/index.json")
expect_exit 0 "$RTFX" cache import --cache "$store" "$layout"
[ "$before" = "$(sha256sum <"$store/store/index.json")" ] || fail "importing again changed the names"
