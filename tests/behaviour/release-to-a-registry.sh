#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A real registry server on loopback: no tag before the verdict, every arch readable afterwards, arches of others kept.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"
start_registry
make_project

tags() { skopeo list-tags --tls-verify=false "docker://$registry/x/demo/one" 2>/dev/null | grep -oE '"[0-9a-f]{40}[^"]*"' || :; }

test_case 010_ok/020_second 'test "$RTFX_ARCH" != arm64'
commit "fails on arm64"
expect_exit 1 "$RTFX" release --to "$registry/x"
[ -z "$(tags)" ] || fail "tags before the verdict: $(tags)"

test_case 010_ok/020_second 'exit 0'
commit "passes"
expect_exit 0 "$RTFX" release --to "$registry/x"
[ "$(tags | wc -l)" -eq 3 ] || fail "expected an index and two arches, got: $(tags)"
index=$(tags | grep -vE -- '-(amd64|arm64)"' | tr -d '"')
for arch in amd64 arm64; do
    skopeo inspect --tls-verify=false --override-arch "$arch" "docker://$registry/x/demo/one:$index" | grep -q "\"Architecture\": \"$arch\"" ||
        fail "$arch cannot be read"
done

# The record names both indexes by digest, with the same bytes under all its tags.
raw x/demo/releases:latest >record.json
[ "$(jq -r .artifactType record.json)" = application/vnd.rtfx.release.v1+json ] || fail "no record: $(cat record.json)"
digest=$(sha256sum <record.json | cut -c1-12)
raw "x/demo/releases:r-$digest" | cmp - record.json || fail "r-$digest is something else than latest"
layer=$(jq -r '.layers[0].digest' record.json)
skopeo copy -q --src-tls-verify=false "docker://$registry/x/demo/releases:latest" dir:record
cp "record/${layer#sha256:}" layer.json
for image in one two; do
    ref=$(jq -r --arg i "demo/$image:" '.images[] | select(.ref | startswith($i)) | .ref' layer.json)
    wanted=$(jq -r --arg r "$ref" '.images[] | select(.ref == $r) | .index' layer.json)
    [ "sha256:$(raw "x/$ref" | sha256sum | cut -d' ' -f1)" = "$wanted" ] || fail "$ref is not what the record says: $wanted"
done

# Somebody else published riscv64 under the same tag: it stays when our arches are published again.
skopeo inspect --raw --tls-verify=false "docker://$registry/x/demo/one:$index" >first.json
sed -i 's/riscv64: {stage: candidate}/riscv64: {stage: first-class}/; s/amd64: {stage: first-class}/amd64: {stage: candidate}/' rtfx.yml
commit "riscv64 ships, amd64 does not"
expect_exit 0 "$RTFX" release --to "$registry/x"
skopeo inspect --raw --tls-verify=false "docker://$registry/x/demo/one:$index" >second.json
[ "$(grep -o '"architecture":"[^"]*"' second.json | sort -u | wc -l)" -eq 3 ] || fail "an arch was lost: $(cat second.json)"

# A registry that cannot be asked is an error, not an empty one.
kill "$registry_process"
wait "$registry_process" 2>/dev/null || :
expect_exit 3 "$RTFX" release --to "$registry/x"
expect_output 'asking 127\.0\.0\.1:[0-9]* for x/demo/(one|two):.*Failed to connect'
