#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A release verifies, in a registry and in a layout; after each single change to what proves it, it does not, and the
# line says what is wrong.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"
. "$RTFX_SOURCE/tests/lib/signing.sh"
start_registry
make_project
make_keys >/dev/null 2>&1
printf '*.pem\n*.pub\n*.json\n' >>.gitignore
commit "keys are not for git"
expect_exit 0 "$RTFX" release --to "$registry/x" --key ours.pem --release v1
ref=$registry/x/demo/one:$(tag_of one)
expect_exit 0 "$RTFX" verify "$ref" --key ours.pub
expect_output 'ok +covers linux/arm64'
expect_output 'ok +provenance: .*commit [0-9a-f]{40}'
expect_exit 0 "$RTFX" verify "$registry/x/demo/releases:v1" --key ours.pub
[ "$(grep -c 'ok *test result' output)" -eq 2 ] || fail "not every index of the record was looked at"
expect_exit 0 "$RTFX" verify "$ref" --key ours.pub --arch amd64
expect_no_output arm64
expect_exit 1 "$RTFX" verify "$ref" --key ours.pub --arch riscv64
expect_output 'BAD +has riscv64'
expect_exit 1 "$RTFX" verify "$ref" --key other.pub
expect_output 'BAD +signature: signed by another key'
expect_output 'BAD +test result: .*signed by another key'
expect_exit 1 "$RTFX" verify "$ref-amd64" --key ours.pub
expect_output 'evidence is with the index'
expect_exit 1 "$RTFX" verify "$registry/x/demo/one:nothing" --key ours.pub
expect_output 'is not there'
expect_exit 0 "$RTFX" verify "$ref" --key ours.pub --json
jq -e '.verified and (.checks | length > 5)' output >/dev/null || fail "no such JSON: $(cat output)"

# The same in a layout, where everything can be changed: by one who can write but not sign.
expect_exit 0 "$RTFX" release --to oci:_release/oci --key ours.pem
cp -r _release/oci good
index=$(index_digest one)
name=demo/one:$(tag_of one)
put() { # makes blob.json a blob; sets $digest and $size
    digest=$(sha256sum <blob.json | cut -d' ' -f1)
    size=$(wc -c <blob.json)
    cp blob.json "bad/blobs/sha256/$digest"
}
blob() { echo "bad/blobs/sha256/${1#sha256:}"; }
digest_of() { jq -r --arg n "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n) | .digest' bad/index.json; }
point() { # NAME: to the blob that was put last
    jq -c --arg n "$1" --arg d "sha256:$digest" --argjson s "$size" \
        '(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n)) |= (.digest = $d | .size = $s)' bad/index.json >index.new.json
    cp index.new.json bad/index.json
}
drop() { # NAME
    jq -c --arg n "$1" 'del(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n))' bad/index.json >index.new.json
    cp index.new.json bad/index.json
}
fresh() { rm -rf bad && cp -r good bad; }
refused() { # REGEX
    expect_exit 1 "$RTFX" verify "oci:bad:$name" --key ours.pub
    expect_output "$1"
    expect_output '^NOT verified'
}
fresh
expect_exit 0 "$RTFX" verify "oci:bad:$name" --key ours.pub
signature=demo/one:sha256-${index#sha256:}.sig
referrers=demo/one:sha256-${index#sha256:}

drop "$signature"
refused 'BAD +signature: not signed'
fresh
jq -c '.layers[0].annotations["dev.cosignproject.cosign/signature"] = "AAAA"' "$(blob "$(digest_of "$signature")")" >blob.json
put
point "$signature"
refused 'BAD +signature: signed by another key, or the signature or its payload was changed'
# The payload names another digest; its own digest is right.
fresh
manifest=$(blob "$(digest_of "$signature")")
jq -c '.critical.image["docker-manifest-digest"] = "sha256:'"$(printf x | sha256sum | cut -d' ' -f1)"'"' \
    "$(blob "$(jq -r '.layers[0].digest' "$manifest")")" >blob.json
put
jq -c --arg d "sha256:$digest" --argjson s "$size" '.layers[0] |= (.digest = $d | .size = $s)' "$manifest" >blob.json
put
point "$signature"
refused 'BAD +signature: signed by another key, or the signature or its payload was changed'
# The signature of another index, which is good for that one.
fresh
other=demo/two:sha256-$(index_digest two | cut -d: -f2).sig
cat "$(blob "$(digest_of "$other")")" >blob.json
put
point "$signature"
refused 'BAD +signature: the signature is that of another image: sha256:'
# A child that is not signed.
fresh
child=$(jq -r '.manifests[] | select(.platform.architecture == "arm64") | .digest' "$(blob "$(digest_of "$name")")")
drop "demo/one:sha256-${child#sha256:}.sig"
refused 'BAD +signature of linux/arm64: not signed'
# No evidence; another list of children; a changed statement; the statements of another index.
fresh
drop "$referrers"
refused 'BAD +test result: no test result is attached'
fresh
jq -c 'del(.manifests[] | select(.platform.architecture == "arm64"))' "$(blob "$(digest_of "$name")")" >blob.json
put
point "$name"
refused 'BAD +signature: not signed'
for wanted in test-result provenance; do
    fresh
    list=$(blob "$(digest_of "$referrers")")
    for attached in $(jq -r '.manifests[].digest' "$list"); do
        grep -q "$wanted" "$(blob "$attached")" || continue
        bundle=$(jq -r '.layers[0].digest' "$(blob "$attached")")
        jq -c '.dsseEnvelope.payload |= (@base64d | sub("amd64"; "AMD64") | @base64)' "$(blob "$bundle")" >blob.json
        put
        jq -c --arg d "sha256:$digest" --argjson s "$size" '.layers[0] |= (.digest = $d | .size = $s)' "$(blob "$attached")" >blob.json
        put
        jq -c --arg o "$attached" --arg d "sha256:$digest" --argjson s "$size" \
            '(.manifests[] | select(.digest == $o)) |= (.digest = $d | .size = $s)' "$list" >blob.json
        put
        point "$referrers"
    done
    refused "BAD +(test result|provenance): .*was changed"
done
fresh
other=demo/two:sha256-$(index_digest two | cut -d: -f2)
cat "$(blob "$(digest_of "$other")")" >blob.json
put
point "$referrers"
refused 'BAD +test result: .*about something else'
