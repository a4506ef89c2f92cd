#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whatever is wrong with the store's files: one line that says what, where and what to do, and nothing is made worse.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir tree
echo hello >tree/file
amd64=$(image demo/x:1-amd64 amd64 tree)
echo other >tree/file
image demo/y:1 arm64 tree >/dev/null
export RTFX_CACHE="$PWD/cache/rtfx"
store=$RTFX_CACHE/store

# An index, so that what is damaged is only reached through it.
python3 - "$store" <<'PY'
import hashlib, json, sys
store = sys.argv[1]
index = json.load(open(store + "/index.json"))
child = dict(index["manifests"][0], platform={"os": "linux", "architecture": "amd64"})
child.pop("annotations")
data = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [child]}).encode()
digest = hashlib.sha256(data).hexdigest()
open(store + "/blobs/sha256/" + digest, "wb").write(data)
index["manifests"].append({"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:" + digest, "size": len(data),
                           "annotations": {"org.opencontainers.image.ref.name": "demo/x:1"}})
json.dump(index, open(store + "/index.json", "w"))
PY
expect_exit 0 "$RTFX" cache export --format filesystem --outfile out.tar demo/x:1
expect_exit 0 "$RTFX" cache gc
expect_exit 0 "$RTFX" cache export --outfile good.tar demo/y:1
cp -a cache whole
manifest=blobs/sha256/${amd64#sha256:}
config=blobs/sha256/$(grep -o '"config":{[^}]*' "$store/$manifest" | grep -oE '[0-9a-f]{64}')
layer=blobs/sha256/$(grep -o '"layers":.*' "$store/$manifest" | grep -oE '[0-9a-f]{64}' | head -n 1)

# damaged CODE MESSAGE COMMAND RTFX-ARGUMENTS...: in a fresh copy of the store.
damaged() {
    code=$1 message=$2 command=$3
    shift 3
    rm -rf cache out.tar
    cp -a whole cache
    (cd "$store" && eval "$command")
    before=$(cd "$store" && find . -type f ! -name .lock ! -name .writers -exec sha256sum {} + | sort)
    expect_exit "$code" "$RTFX" cache "$@"
    expect_output "^rtfx: .*$message"
    [ "$(wc -l <output)" -eq 1 ] || fail "more than one line: $(cat output)"
    [ "$before" = "$(cd "$store" && find . -type f ! -name .lock ! -name .writers -exec sha256sum {} + | sort)" ] ||
        fail "$command: rtfx cache $* has changed the store"
    [ ! -e out.tar ] || fail "$command: there is a result"
}
export_it="export --format filesystem --outfile out.tar demo/x:1"

damaged 1 "blob sha256:${layer##*/} is missing: .*; build, pull or import the image again" "rm $layer" $export_it
damaged 1 "blob sha256:${layer##*/} is corrupt: .* has 100 bytes instead of [0-9]*; remove it, then build, pull or import" "truncate -s 100 $layer" $export_it
damaged 1 "blob sha256:${layer##*/} is corrupt: .* has other bytes; remove it, then" "printf x | dd of=$layer bs=1 seek=20 conv=notrunc 2>/dev/null" $export_it
damaged 1 "blob sha256:${layer##*/} is corrupt" "rm $layer; mkdir $layer" $export_it
damaged 1 "blob sha256:${config##*/} is corrupt: .* has other bytes" "sed -i s/amd64/arm64/ $config" $export_it
damaged 1 "blob $amd64 is corrupt" "sed -i s/2/3/ $manifest" $export_it
damaged 1 "blob $amd64 is missing" "rm $manifest" $export_it
for format in oci docker; do
    damaged 1 "blob sha256:${layer##*/} is corrupt" "printf x | dd of=$layer bs=1 seek=20 conv=notrunc 2>/dev/null" \
        export --format $format --outfile out.tar demo/x:1
done

damaged 1 'store/index.json: image index is not valid JSON; it names the images of the store: mend it, or empty the store with rtfx cache clean' 'truncate -s 50 index.json' ls
damaged 1 'store/index.json: image index is not valid JSON' ': >index.json' import good.tar
damaged 1 'store/index.json: image index is not a JSON object' 'echo 17 >index.json' gc
damaged 1 'store/index.json: image index has no "schemaVersion"' 'echo {} >index.json' rm demo/x:1
damaged 1 'store/index.json: image index: "manifests" is not a list' 'echo "{\"schemaVersion\":2,\"manifests\":3}" >index.json' $export_it
expect_exit 0 "$RTFX" cache clean
expect_exit 0 "$RTFX" cache import good.tar
damaged 1 'manifests.0.: "size" is not a whole number' 'sed -i "s/\"size\": *[0-9]*/\"size\": \"7\"/" index.json' ls
damaged 1 'manifests.0.: .*is not a sha256 digest' 'sed -i s/sha256:/sha512:/ index.json' ls
damaged 1 'store/index.json is missing, and with it the names of the images; remove the whole of' 'rm index.json' ls
damaged 1 'has the name demo/x:1 twice, for sha256:.* and sha256:.*; rtfx cache rm demo/x:1 takes it from both' \
    'sed -i "s,demo/y:1,demo/x:1," index.json' ls
damaged 1 'has the name demo/x:1 twice' 'sed -i "s,demo/y:1,demo/x:1," index.json' $export_it
expect_exit 0 "$RTFX" cache rm demo/x:1
expect_exit 0 "$RTFX" cache ls
expect_no_output 'demo/[xy]:1	'
expect_output 'demo/x:1-amd64'

damaged 1 'oci-layout is not that of an OCI image layout' ': >oci-layout' ls
damaged 1 'oci-layout: unknown version of the OCI image layout' 'sed -i s/1.0.0/9.0.0/ oci-layout' ls
damaged 1 'store is neither empty nor an OCI image layout \(it has no oci-layout file\)' 'rm oci-layout .lock .writers' ls

# A file in the place of the store.
rm -rf cache
mkdir -p cache
echo x >cache/rtfx
expect_exit 1 "$RTFX" cache import whole/rtfx/store
expect_output '^rtfx: .*cache/rtfx.*: (Not a directory|File exists)'

# Locks that a process has left behind are no obstacle: the kernel has let go of them.
rm -rf cache
cp -a whole cache
echo 4711 >"$store/.lock"
echo 4711 >"$store/.writers"
expect_exit 0 "$RTFX" cache export --outfile y.tar demo/y:1
expect_exit 0 "$RTFX" cache rm demo/y:1
expect_exit 0 "$RTFX" cache import y.tar
expect_exit 0 "$RTFX" cache gc

# A damaged blob is mended by importing the image again.
printf x | dd of="$store/$layer" bs=1 seek=20 conv=notrunc 2>/dev/null
expect_exit 0 "$RTFX" cache import whole/rtfx/store
expect_exit 0 "$RTFX" cache export --format filesystem --outfile out.tar demo/x:1
