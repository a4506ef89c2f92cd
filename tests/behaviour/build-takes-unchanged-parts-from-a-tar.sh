#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --input-tar: an earlier tar stands for images that are no longer there, and the result has the same bytes.
. "$RTFX_SOURCE/tests/lib/images.sh"

spdx() { # NAME
    printf '{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"%s","packages":[{"name":"%s","SPDXID":"SPDXRef-%s","downloadLocation":"NONE"}],"files":[{"fileName":"/bin/%s","SPDXID":"SPDXRef-File-%s","checksums":[]}],"documentDescribes":["SPDXRef-%s"]}' \
        "$1" "$1" "$1" "$1" "$1" "$1" >"$1.spdx"
}
make() { # NAME [LABEL]
    mkdir -p "files-$1/bin" "files-$1/etc"
    echo "program $1" >"files-$1/bin/$1"
    ln "files-$1/bin/$1" "files-$1/bin/$1-again"
    echo "set by $1" >"files-$1/etc/shared"
    chmod 640 "files-$1/etc/shared"
    spdx "$1"
    start_layout
    manifest=$(manifest_of amd64 "files-$1" "${2:-}")
    index_image "org/$1:1" "$(for_arch "$manifest" amd64)" "$(attestation_of "$manifest" "$1.spdx")"
}
mkdir -p files-kernel modules/lib/modules/6
echo x >modules/lib/modules/6/x.ko
echo kernel >files-kernel/kernel
tar -C modules --owner=0 --group=0 --mtime=@0 -cf files-kernel/kernel.tar lib
make kernel
make init
make more
make boot '{"binds":["/a:/b"],"readonly":true}'
make serve '{"capabilities":["CAP_CHOWN"],"runtime":{"mkdir":["/x"]}}'
make volume

yaml() { # COMMAND TEXT
    cat <<YAML
kernel: {image: org/kernel:1, cmdline: "console=ttyS0 $2"}
init: [org/init:1, org/more:1]
volumes: [{name: data, image: org/volume:1}, {name: empty}, {name: layout, image: org/serve:1, format: oci, platforms: [linux/amd64]}]
onboot:
  - {name: first, image: org/boot:1}
services:
  - {name: serve, image: org/serve:1, command: ["$1"], binds.add: ["data:/data"]}
  - {name: again, image: org/serve:1, readonly: true, uid: 7}
files:
  - {path: etc/linuxkit.yml, metadata: yaml}
  - {path: etc/shared, contents: "$2"}
YAML
}
build() { # OUTPUT FLAGS...
    output=$1
    shift
    "$RTFX" build --offline --no-cache --arch amd64 --o "$output" "$@"
}
yaml one before >a.yml
yaml one after >b.yml
yaml two after >c.yml
expect_exit 0 build before.tar a.yml
expect_exit 0 build b-fresh.tar b.yml
expect_exit 0 build c-fresh.tar c.yml
expect_exit 0 build plain.tar --no-sbom a.yml
jq -e '[.files[].fileName] | contains(["/bin/init", "containers/volumes/data/lower/bin/volume", "containers/services/serve/lower/bin/serve"])' \
    >/dev/null <<JSON || fail 'the SBOM is not that of the images'
$(tar --warning=no-unknown-keyword -xOf before.tar sbom.spdx.json)
JSON

# With all images there, and with none of them.
expect_exit 0 build b.tar --input-tar before.tar b.yml
cmp b.tar b-fresh.tar || fail 'a build with --input-tar is different'
cp -r cache whole
for image in kernel init more boot serve volume; do
    "$RTFX" cache rm "org/$image:1" >/dev/null
done
expect_exit 1 build none.tar b.yml
expect_output 'image org/init:1: not in the content store'
[ ! -e none.tar ] || fail 'there is an output all the same'
expect_exit 0 build b.tar --input-tar before.tar b.yml
cmp b.tar b-fresh.tar || fail 'what comes from the tar is different'
expect_exit 0 build b2.tar --input-tar b.tar b.yml
cmp b2.tar b-fresh.tar || fail 'a tar that came from a tar is different'
cp before.tar self.tar
expect_exit 0 build self.tar --input-tar self.tar b.yml
cmp self.tar b-fresh.tar || fail 'a tar that replaces its input is different'
expect_exit 0 build p.tar --no-sbom --input-tar before.tar a.yml
cmp p.tar plain.tar || fail 'what comes from the tar is different without an SBOM'
expect_exit 0 "$RTFX" build --offline --no-cache --arch amd64 --name i --input-tar before.tar b.yml
[ -s i-initrd.img ] && [ "$(cat i-kernel)" = kernel ] || fail 'no initrd from the tar'

# Only the one that changed must be there.
expect_exit 1 build c.tar --input-tar before.tar c.yml
expect_output 'image org/serve:1: .*--input-tar cannot stand for it: services\[0\] has changed'
expect_no_output 'org/init:1'
mkdir part && cp -r whole part/cache
(cd part && for image in kernel init more boot volume; do
    XDG_CACHE_HOME=$PWD/cache "$RTFX" cache rm "org/$image:1" >/dev/null
done)
XDG_CACHE_HOME=$PWD/part/cache expect_exit 0 build c.tar --input-tar before.tar c.yml
cmp c.tar c-fresh.tar || fail 'one image from the store and the others from the tar give something else'

# A layout that changed, one that asks for more than is there.
yaml one after | sed 's/platforms: .linux.amd64., //; s/, platforms: .linux.amd64.//' >v.yml
expect_exit 1 build v.tar --input-tar before.tar v.yml
expect_output 'image org/serve:1: .*--input-tar cannot stand for it: the volume layout has changed'

# What was replaced by files is gone from the tar.
yaml one after | grep -v 'etc/shared' >d.yml
expect_exit 1 build d.tar --input-tar before.tar d.yml
expect_output 'image org/init:1: .*/etc/shared hides what its image has there'
yaml one after | grep -v metadata >e.yml
expect_exit 1 build e.tar --input-tar before.tar e.yml
expect_output 'the YAML has no file with "metadata: yaml"'
expect_exit 1 build f.tar --input-tar plain.tar b.yml
expect_output 'it was made with --no-sbom'
expect_exit 1 "$RTFX" build --offline --arch arm64 --o g.tar --input-tar before.tar b.yml
expect_output 'it is for amd64, not for arm64'

# A kernel that was decompressed is not that of the image.
mkdir -p zipped && cp -r whole zipped/cache
echo kernel | gzip -n >files-kernel/kernel
start_layout
zipped=$(manifest_of amd64 files-kernel)
XDG_CACHE_HOME=$PWD/zipped/cache index_image org/kernel:1 "$(for_arch "$zipped" amd64)"
XDG_CACHE_HOME=$PWD/zipped/cache expect_exit 0 build zipped.tar --decompress-kernel a.yml
[ "$(tar --warning=no-unknown-keyword -xOf zipped.tar boot/kernel)" = kernel ] || fail 'the kernel of the tar is not decompressed'
expect_exit 1 build z.tar --input-tar zipped.tar b.yml
expect_output 'image org/kernel:1: .*/boot/kernel hides what its image has there'
expect_exit 1 build z.tar --decompress-kernel --input-tar before.tar b.yml
expect_output 'image org/kernel:1: .*--decompress-kernel wants the image itself'

# Tars that are none of ours.
tar -cf foreign.tar b.yml
head -c 20000 before.tar >short.tar
head -c 100000 /dev/zero | tr '\0' x >garbage.tar
gzip -k before.tar
: >empty.tar
for bad in foreign short garbage empty; do
    expect_exit 2 build h.tar --input-tar $bad.tar b.yml
    expect_output "^rtfx: --input-tar $bad.tar: (not written by rtfx|damaged at byte )"
    [ "$(wc -l <output)" -eq 1 ] || { cat output >&2; fail "more than one line about $bad.tar"; }
done
expect_exit 2 build h.tar --input-tar before.tar.gz b.yml
expect_exit 2 build h.tar --input-tar missing.tar b.yml
expect_output 'missing.tar: opening it: No such file'
expect_exit 2 build h.tar --input-tar . b.yml
expect_exit 2 build h.tar --pull --input-tar before.tar b.yml
expect_output 'exclude each other'
[ ! -e h.tar ] || fail 'there is an output all the same'
