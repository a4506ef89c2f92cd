#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What --key signs is accepted by skopeo (sigstoreSigned) and by openssl, and by nobody when the key is another one or
# the signature is gone.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"
. "$RTFX_SOURCE/tests/lib/signing.sh"
start_registry
make_project
make_keys >/dev/null 2>&1
printf '*.pem\n*.pub\nregistries.d/\npolicy.json\ncopied/\n*.log\n*.json\n*.sig\n' >>.gitignore
commit "keys are not for git"

expect_exit 0 "$RTFX" release --to "$registry/x" --key ours.pem
expect_output 'signed with the ECDSA P-256 key'
image=$registry/x/demo/one:$(tag_of one)
accepted() { # KEY ARCH
    skopeo_accepts "$image" "$1" "$2" || [ $? -eq 2 ] || fail "skopeo refuses: $(cat skopeo.log)"
}
for arch in amd64 arm64; do accepted ours.pub $arch; done
if skopeo_accepts "$image" other.pub amd64; then fail "skopeo accepts another key"; fi
! grep -q 'sigstore disabled' skopeo.log || echo "this skopeo knows no sigstore: openssl alone reads the signatures"

# The raw signature, as openssl reads it.
index=$(index_digest one)
skopeo inspect --raw --tls-verify=false "docker://$registry/x/demo/one:sha256-${index#sha256:}.sig" >signature.json
jq -r '.layers[0].annotations["dev.cosignproject.cosign/signature"]' signature.json | base64 -d >raw.sig
skopeo copy -q --src-tls-verify=false "docker://$registry/x/demo/one:sha256-${index#sha256:}.sig" dir:signature
payload=signature/$(jq -r '.layers[0].digest' signature.json | cut -d: -f2)
openssl dgst -sha256 -verify ours.pub -signature raw.sig "$payload" >/dev/null || fail "openssl refuses the signature"
[ "$(jq -r '.critical.image["docker-manifest-digest"]' "$payload")" = "$index" ] || fail "another digest is signed"
[ "$(jq -r '.critical.identity["docker-reference"]' "$payload")" = "$registry/x/demo/one" ] || fail "another name is signed"

# A second release with the other key leaves the first signature; both are accepted.
expect_exit 0 "$RTFX" release --to "$registry/x" --key other.pem
accepted ours.pub amd64
accepted other.pub amd64
skopeo inspect --raw --tls-verify=false "docker://$registry/x/demo/one:sha256-${index#sha256:}.sig" >both.json
[ "$(jq '.layers | length' both.json)" -eq 2 ] || fail "expected two signatures: $(cat both.json)"
for key in ours other; do expect_exit 0 "$RTFX" verify "$image" --key $key.pub; done

# Unsigned: skopeo refuses, and rtfx says that it is so.
expect_exit 0 "$RTFX" release --to "$registry/unsigned" --no-sign
expect_output '^not signed$'
expect_no_output 'warning'
if skopeo_accepts "$registry/unsigned/demo/one:$(tag_of one)" ours.pub amd64; then fail "skopeo accepts what is not signed"; fi
expect_exit 0 "$RTFX" release --to "$registry/unsigned"
expect_output 'will not be signed'
expect_exit 2 "$RTFX" release --to "$registry/unsigned" --no-sign --key ours.pem
