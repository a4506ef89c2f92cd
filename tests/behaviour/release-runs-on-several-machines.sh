#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Three machines that share nothing but what is carried: each builds and tests one arch, a fourth judges and publishes, with
# the commands of ci/pipelines. What one of them lacks, blocks; what is published is for all arches.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"

# What follows "rtfx release" in the pipelines is what is tried here.
for pipeline in github gitlab; do
    file=$RTFX_SOURCE/ci/pipelines/$pipeline.yml
    grep -oE 'rtfx release (test|verdict|publish) .*' "$file" | sed 's/\${{ matrix.arch }}/$ARCH/g; s/"//g; s/env:\/\/RELEASE_KEY/$RELEASE_KEY/' |
        sort -u >"$pipeline.commands"
done
printf '%s\n' 'rtfx release publish --to $TARGET --key $RELEASE_KEY' 'rtfx release test --arch $ARCH --out carried/$ARCH' \
    'rtfx release verdict --results carried/*/' >wanted.commands
for pipeline in github gitlab; do
    cmp wanted.commands "$pipeline.commands" || fail "ci/pipelines/$pipeline.yml has other commands than this script"
done

start_registry
make_project
sed -i 's/riscv64: {stage: candidate}/riscv64: {stage: first-class}/' rtfx.yml
printf '/carried/\n/carried-*.tar\n' >>.gitignore
commit "three arches"
cd ..

machine() { # NAME COMMAND...: in a clone of its own, with a cache of its own
    machine=$PWD/$1
    shift
    [ -d "$machine" ] || git clone -q project "$machine/project"
    env -C "$machine/project" RTFX_CACHE="$machine/cache" "$@"
}

for arch in amd64 arm64 riscv64; do
    expect_exit 0 machine "for-$arch" "$RTFX" release test --arch "$arch" --out "carried/$arch"
    machine "for-$arch" tar -C carried -cf "carried-$arch.tar" "$arch"
    [ ! -e "for-$arch/project/_release/oci" ] || fail "$arch was published by who tested it"
done

carry() { # ARCH...
    mkdir -p publisher/project/carried
    for arch; do tar -C publisher/project/carried -xf "for-$arch/project/carried-$arch.tar"; done
}

tags() {
    skopeo list-tags --tls-verify=false "docker://$registry/demo/$1" 2>/dev/null | jq -r '.Tags[]' || :
}

machine publisher true
carry amd64 riscv64
expect_exit 1 machine publisher sh -c '"$RTFX" release verdict --results carried/*/'
expect_output 'arm64'
[ -z "$(tags one)" ] || fail "published without arm64: $(tags one)"

carry arm64
expect_exit 0 machine publisher sh -c '"$RTFX" release verdict --results carried/*/'
openssl genpkey -algorithm ed25519 -out key.pem
set -- --key "$PWD/key.pem"
"$RTFX" release publish --help | grep -q -e '--key' || set --
expect_exit 0 machine publisher "$RTFX" release publish --to "$registry" "$@"
for package in one two; do
    index=$(tags "$package" | grep -xE '[0-9a-f]{40}')
    expect_arches "demo/$package:$index" amd64 arm64 riscv64
    for arch in amd64 arm64 riscv64; do
        # What was tested is what is published.
        digest=$(raw "demo/$package:$index" | jq -r --arg arch "$arch" '.manifests[] | select(.platform.architecture == $arch).digest')
        grep -q "$digest" "for-$arch/project/carried/$arch/images/index.json" || fail "$package for $arch is another image than was tested"
    done
done
tags releases | grep -qx latest || fail "there is no record: $(tags releases)"
