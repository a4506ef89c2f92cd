# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts of signatures, after registry.sh and project.sh: keys in the current folder, and
# skopeo as the reader that was written by others.

unset RTFX_KEY RTFX_KEY_PASSWORD COSIGN_PASSWORD || :

make_keys() { # ours.pem and ours.pub (ECDSA P-256), other.pem and other.pub (Ed25519)
    openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ours.pem 2>/dev/null ||
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ours.pem
    openssl genpkey -algorithm ED25519 -out other.pem
    chmod 600 ours.pem other.pem
    for key in ours other; do openssl pkey -in $key.pem -pubout -out $key.pub; done
}

# skopeo copies that image only when it is signed by that key. Exit 2: this skopeo cannot tell (Debian 12 has taken
# sigstore out of it).
skopeo_accepts() { # REGISTRY/REPOSITORY:TAG PUBLIC-KEY ARCH
    mkdir -p registries.d
    printf 'docker:\n  %s:\n    use-sigstore-attachments: true\n' "$registry" >registries.d/all.yaml
    cat >policy.json <<JSON
{"default": [{"type": "reject"}], "transports": {
  "dir": {"": [{"type": "insecureAcceptAnything"}]},
  "docker": {"$registry": [{"type": "sigstoreSigned", "keyPath": "$PWD/$2",
                            "signedIdentity": {"type": "matchRepository"}}]}}}
JSON
    rm -rf copied
    skopeo --policy policy.json --registries.d registries.d --override-arch "$3" copy --src-tls-verify=false \
        "docker://$1" dir:copied >skopeo.log 2>&1 && return 0
    ! grep -q 'sigstore disabled' skopeo.log || return 2
    return 1
}

tag_of() { # PACKAGE: the tag of its index in the last release
    jq -r --arg i "demo/$1:" '.images[] | select(.ref | startswith($i)) | .ref' "$(ls -td _release/*/ | head -n 1)release.json" |
        sed 's/.*://'
}

index_digest() { # PACKAGE
    jq -r --arg i "demo/$1:" '.images[] | select(.ref | startswith($i)) | .index' "$(ls -td _release/*/ | head -n 1)release.json"
}
