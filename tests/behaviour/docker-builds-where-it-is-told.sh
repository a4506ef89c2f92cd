#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two daemons are two hosts: each builds for the arch that it was chosen for, and what a package is built on goes there too.
. "$RTFX_SOURCE/tests/lib/docker.sh"
daemon one
daemon two
base_package
package app 'buildArgs:' '  - BASE=@lkt:pkg:../base' <<'DOCKERFILE'
ARG BASE
FROM --platform=$BUILDPLATFORM ${BASE} AS build
ARG TARGETARCH
RUN mkdir /out; date >/build-time; echo "$TARGETARCH" >/out/arch
COPY Dockerfile /out/z
FROM scratch
COPY --from=build /out/ /
CMD ["/app"]
DOCKERFILE
build() { # FLAGS...
    "$RTFX" pkg build --offline "$@" pkg/app
}
image_with() { # NAME OF-DAEMON
    images_of "$2" | grep -c "$1" || :
}

# One by the flag, the other by the name of its context.
docker context create "linuxkit-linux-$other_arch" --docker "host=unix://$PWD/docker/two/socket" >/dev/null 2>&1
expect_exit 0 build --platforms "linux/$arch" --builders "linux/$arch=one"
[ "$(image_with base one) $(image_with base two)" = '1 0' ] || fail "the base is in one: $(images_of one), two: $(images_of two)"
[ "$(steps_of two)" -eq 0 ] || fail "two built something"
before=$(steps_of one)
digests output >first
expect_exit 0 build --platforms "linux/$other_arch" --builders "linux/$arch=one"
digests output >>first
[ "$(image_with base two)" -eq 1 ] || fail "the base is not in two: $(images_of two)"
[ "$(steps_of two)" -gt 0 ] && [ "$(steps_of one)" -eq "$before" ] || fail "two built nothing, or one did"
for daemon in one two; do
    ! images_of "$daemon" | grep rtfx-build || fail "$daemon keeps what was built"
done

# Nothing is built again, until it is forced to; then everything comes out as it was, also where nothing is cached.
expect_exit 0 build --builders "linux/$arch=one"
expect_output "cached"
expect_no_output 'built in'
docker --context one system prune --all --force >/dev/null
expect_exit 0 build --force --builders "linux/$arch=one,linux/$other_arch=one"
expect_output "built"
digests output | while read -r digest; do
    grep -q "$digest" first || fail "another digest in the second build: $(cat first output)"
done

# Others read it.
tag=$(sed -n 's/^test\/app:\([^ ]*\) .*/\1/p' output | head -n 1)
for a in $arch $other_arch; do
    skopeo inspect --override-arch "$a" "oci:cache/rtfx/store:test/app:$tag" >inspected
    grep -q "\"Architecture\": \"$a\"" inspected || fail "not for $a: $(cat inspected)"
    umoci unpack --image "cache/rtfx/store:test/app:$tag-$a" "bundle-$a" >umoci.log 2>&1 || fail "umoci: $(cat umoci.log)"
    [ "$(cat "bundle-$a/rootfs/arch")" = "$a" ] || fail "built for $(cat "bundle-$a/rootfs/arch") instead of $a"
    cmp pkg/app/Dockerfile "bundle-$a/rootfs/z"
    jq -e '.process.args == ["/app"]' "bundle-$a/config.json" >/dev/null || fail "the command is lost"
done
