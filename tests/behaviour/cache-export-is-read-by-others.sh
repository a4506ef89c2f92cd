#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is exported is read by skopeo, docker's readers, tar and rtfx; always the same bytes; and never half a file.
. "$RTFX_SOURCE/tests/lib/images.sh"
export RTFX_CACHE="$PWD/cache/rtfx"
store=$RTFX_CACHE/store
mkdir -p one/etc two/etc
echo amd64 >one/etc/arch
ln -s arch one/etc/link
ln one/etc/arch one/etc/same
chmod 4711 one/etc/arch
amd64=$(image demo/x:1-amd64 amd64 one)
echo arm64 >two/etc/arch
arm64=$(image demo/x:1-arm64 arm64 two)

# An index of both, packed with gzip and zstd, as builders write them.
skopeo copy -q --insecure-policy --dest-compress-format gzip --dest-compress oci:$store:demo/x:1-amd64 oci:packed:amd64
skopeo copy -q --insecure-policy --dest-compress-format zstd --dest-compress oci:$store:demo/x:1-arm64 oci:packed:arm64
sed -i 's/"annotations":{[^}]*}/"annotations":{}/g' packed/index.json
python3 - <<'PY'
import json
index = json.load(open("packed/index.json"))
for entry in index["manifests"]:
    entry.pop("annotations", None)
json.dump(index, open("packed/index.json", "w"))
PY
expect_exit 0 "$RTFX" cache import packed --name demo/x:1
index=$(cut -d' ' -f2 output)
expect_exit 0 "$RTFX" cache ls
expect_output "^demo/x:1	.*$index.*linux/amd64,linux/arm64"

expect_exit 0 "$RTFX" cache export --outfile all.tar demo/x:1
for arch in amd64 arm64; do
    [ "$(skopeo inspect --override-arch $arch --format '{{.Architecture}}' oci-archive:all.tar:demo/x:1)" = $arch ] ||
        fail "skopeo does not read $arch"
done
[ "sha256:$(skopeo inspect --raw oci-archive:all.tar:demo/x:1 | sha256sum | cut -d' ' -f1)" = "$index" ] || fail "another index"
expect_exit 0 "$RTFX" cache import --cache again all.tar
expect_output "^demo/x:1 $index$"
tar -xOf all.tar index.json | grep -q '"io.containerd.image.name":"docker.io/demo/x:1"' || fail "containerd has no name for it"

expect_exit 0 "$RTFX" cache export --outfile arm64.tar --platform linux/arm64 --name me/renamed:2 demo/x:1
[ "$(skopeo inspect --format '{{.Architecture}}' --override-arch arm64 oci-archive:arm64.tar:me/renamed:2)" = arm64 ] ||
    fail "skopeo does not read the one platform"
expect_exit 0 "$RTFX" --arch arm64 cache export --outfile same.tar --name me/renamed:2 demo/x:1
cmp arm64.tar same.tar || fail "--arch does not choose what --platform does"

# docker's form has the plain layers, which are those of the images before they were packed.
for arch in amd64 arm64; do
    expect_exit 0 "$RTFX" cache export --format docker --platform linux/$arch --outfile docker.tar demo/x:1
    skopeo inspect --config --raw docker-archive:docker.tar:docker.io/demo/x:1 | tr -d ' ' | grep -q "\"architecture\":\"$arch\"" ||
        fail "skopeo does not read the docker archive for $arch"
    tar -xOf docker.tar manifest.json | grep -q '"RepoTags":\["docker.io/demo/x:1"\]' || fail "no tag: $(tar -xOf docker.tar manifest.json)"
    expect_exit 0 "$RTFX" cache import --cache "docker.$arch" docker.tar
    skopeo copy -q --insecure-policy --override-arch "$arch" "oci:docker.$arch/store:demo/x:1" "oci:back.$arch:x"
    expect_exit 0 "$RTFX" cache export --cache "docker.$arch" --format filesystem --outfile - demo/x:1
    [ "$(tar -xOf output etc/arch)" = $arch ] || fail "not the files of $arch"
done

# The files: kinds, modes, links.
expect_exit 0 "$RTFX" cache export --format filesystem --platform linux/amd64 --outfile files.tar demo/x:1
mkdir files
tar -C files -xf files.tar
[ "$(stat -c %a files/etc/arch)" = 4711 ] || fail "mode $(stat -c %a files/etc/arch)"
[ "$(readlink files/etc/link)" = arch ] || fail "the symbolic link"
[ files/etc/arch -ef files/etc/same ] || fail "the hard link"

# The same bytes each time, also on standard output.
for format in oci docker filesystem; do
    expect_exit 0 "$RTFX" cache export --format $format --platform linux/amd64 --outfile first demo/x:1
    sleep 1.1
    "$RTFX" cache export --format $format --platform linux/amd64 --outfile - demo/x:1 >second
    cmp first second || fail "$format: other bytes"
done

# What is no file is not replaced by one, and links lead to the file.
expect_exit 0 "$RTFX" cache export --format docker --platform linux/amd64 --outfile /dev/null demo/x:1
[ -c /dev/null ] || fail "/dev/null was replaced"
ln -s real link
echo old >real
expect_exit 0 "$RTFX" cache export --format filesystem --platform linux/amd64 --outfile link demo/x:1
[ -L link ] && cmp real second || fail "the link was replaced"

# Names as docker writes them in full, and wrong ones.
expect_exit 0 "$RTFX" cache export --outfile full.tar docker.io/demo/x:1
rm full.tar
expect_exit 1 "$RTFX" cache export --outfile full.tar demo/y:1
expect_output '^rtfx: .*no image demo/y:1 in the content store .*did you mean "demo/x:1"'
expect_exit 1 "$RTFX" cache export --outfile full.tar --platform linux/s390x demo/x:1
expect_output 'not there for linux/s390x, but for linux/amd64, linux/arm64'
expect_exit 2 "$RTFX" cache export --outfile full.tar --platform s390x demo/x:1
expect_output '"s390x" is not of the form linux/ARCH'
expect_exit 2 "$RTFX" --arch arm64 cache export --outfile full.tar --platform linux/arm64 demo/x:1
expect_output '--platform and --arch exclude each other'
expect_exit 2 "$RTFX" --arch amd64,arm64 cache export --outfile full.tar demo/x:1
expect_output 'give --arch one name'
expect_exit 2 "$RTFX" cache export --outfile full.tar --format raw demo/x:1
expect_exit 2 "$RTFX" cache export demo/x:1
expect_output '--outfile is required'
expect_exit 2 "$RTFX" cache export --outfile "" demo/x:1
expect_exit 1 "$RTFX" cache export --outfile nosuch/full.tar demo/x:1
expect_output 'writing nosuch/full.tar: No such file'

# A damaged layer, or a disk that is full: what was there before stays.
echo precious >full.tar
(
    ulimit -f 1
    trap '' XFSZ
    expect_exit 1 "$RTFX" cache export --outfile full.tar demo/x:1
)
expect_output '^rtfx: exporting demo/x:1: writing full.tar: File too large'
layer=$(skopeo inspect --override-arch arm64 --format '{{index .Layers 0}}' "oci:$store:demo/x:1")
printf x | dd of="$store/blobs/sha256/${layer#sha256:}" bs=1 seek=20 conv=notrunc 2>/dev/null
for format in oci docker filesystem; do
    expect_exit 1 "$RTFX" cache export --format $format --platform linux/arm64 --outfile full.tar demo/x:1
    expect_output "blob $layer is corrupt: .* has other bytes; remove it, then build, pull or import the image again"
done
[ "$(cat full.tar)" = precious ] || fail "the old file is gone"
[ -z "$(find . -name '*.tmp.*')" ] || fail "left behind: $(find . -name '*.tmp.*')"
expect_exit 0 "$RTFX" cache export --platform linux/amd64 --outfile full.tar demo/x:1
: "$amd64" "$arm64"
