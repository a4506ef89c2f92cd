#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What BuildKit attested about the images becomes one SPDX document in the root file system, the same every time.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir files && echo one >files/init
cat >a.spdx <<'JSON'
{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"a","documentDescribes":["SPDXRef-a"],
 "packages":[{"name":"musl","SPDXID":"SPDXRef-a","downloadLocation":"NONE","hasFiles":["SPDXRef-f"],"packageFileName":"/lib"}],
 "files":[{"fileName":"/bin/a","SPDXID":"SPDXRef-f","checksums":[]}]}
JSON
sed 's/musl/glibc/' a.spdx >b.spdx
start_layout
amd64=$(manifest_of amd64 files)
echo two >files/init
arm64=$(manifest_of arm64 files)
index_image org/a:1 "$(for_arch "$amd64" amd64)" "$(for_arch "$arm64" arm64)" "$(attestation_of "$amd64" a.spdx)" "$(attestation_of "$arm64" b.spdx)"
image org/plain:1 amd64 files >/dev/null
cat >x.yml <<'YAML'
init: [org/plain:1]
volumes: [{name: v, image: org/a:1}]
services:
  - {name: s, image: org/a:1}
  - {name: t, image: org/a:1}
YAML
build() {
    "$RTFX" build --offline --no-cache --arch amd64 --o x.tar "$@" x.yml
}
sbom() { # [PATH]
    tar --warning=no-unknown-keyword -xOf x.tar "${1:-sbom.spdx.json}"
}

expect_exit 0 build
sbom >first
jq -e '.spdxVersion == "SPDX-2.3" and .creationInfo.created == "2017-04-18T16:30:00Z" and
    ([.packages[].name] == ["musl", "musl"]) and
    ([.files[].fileName] == ["containers/volumes/v/lower/bin/a", "containers/services/s/lower/bin/a"]) and
    ([.packages[].packageFileName] == ["containers/volumes/v/lower/lib", "containers/services/s/lower/lib"]) and
    ([.relationships[].relationshipType] == ["DESCRIBES", "CONTAINS", "DESCRIBES", "CONTAINS"])' first >/dev/null ||
    { cat first >&2; fail 'the SBOM is not right'; }
expect_exit 0 build
sbom | cmp - first || fail 'the SBOM is not the same twice'
expect_exit 0 "$RTFX" build --offline --no-cache --arch arm64 --o x.tar - <<'YAML'
services: [{name: s, image: org/a:1}]
YAML
[ "$(sbom | jq -r '.packages[].name')" = glibc ] || fail 'it is about another arch'
[ "$(sbom | jq -r .documentNamespace)" != "$(jq -r .documentNamespace first)" ] || fail 'two SBOMs have one namespace'

expect_exit 0 build --no-sbom
! sbom >/dev/null 2>&1 || fail 'there is an SBOM with --no-sbom'
expect_exit 0 build --sbom-output usr/share/sbom.json
sbom usr/share/sbom.json | cmp - first || fail 'the SBOM is elsewhere'
expect_exit 0 build --sbom-current-time
[ "$(sbom | jq -r .creationInfo.created | cut -c1-2)" = 20 ] && [ "$(sbom | jq -r .creationInfo.created)" != 2017-04-18T16:30:00Z ] ||
    fail 'the time is not the current one'
[ "$(sbom | jq -r .documentNamespace)" = "$(jq -r .documentNamespace first)" ] || fail 'the namespace is about more than the contents'

# Attestations that are wrong.
attested() { # SPDX-FILE
    start_layout
    manifest=$(manifest_of amd64 files)
    index_image org/a:1 "$(for_arch "$manifest" amd64)" "$(attestation_of "$manifest" "$1")"
}
echo '{"spdxVersion":"SPDX-9.9"}' >bad.spdx
attested bad.spdx
expect_exit 1 build
expect_output '^rtfx: the SBOM: volume\[0\]: the SPDX document is of version "SPDX-9.9"; known:'
echo '[]' >bad.spdx
attested bad.spdx
expect_exit 1 build
expect_output 'the SPDX document is not a JSON object'
echo '{"spdxVersion":"SPDX-2.3","packages":{}}' >bad.spdx
attested bad.spdx
expect_exit 1 build
expect_output 'the SPDX document.s packages is no list'
attested a.spdx
statement=$(sha256sum <statement | cut -d' ' -f1)
chmod u+w "cache/rtfx/store/blobs/sha256/$statement"
printf y | dd of="cache/rtfx/store/blobs/sha256/$statement" bs=1 seek=3 conv=notrunc 2>/dev/null
expect_exit 1 build
expect_output "image org/a:1: .*$statement is corrupt"
[ "$(wc -l <output)" -eq 1 ] || fail 'more than one line'
expect_exit 0 build --no-sbom
