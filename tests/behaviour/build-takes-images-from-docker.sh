#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --docker looks for images in the docker daemon first; what docker lacks, or that there is none, is no error.
. "$RTFX_SOURCE/tests/lib/docker.sh"
daemon one
export DOCKER_HOST="unix://$PWD/docker/one/socket"
mkdir files && echo docker >files/init
tar -C files -c . | docker import --change 'CMD ["/init"]' - org/init:1 >/dev/null
echo 'onboot: [{name: a, image: org/init:1}]' >x.yml
build() {
    "$RTFX" build --offline --no-cache --no-sbom --arch "$arch" --o x.tar "$@" x.yml
}
text() {
    tar --warning=no-unknown-keyword -xOf x.tar containers/onboot/000-a/lower/init
}

expect_exit 1 build
expect_output 'image org/init:1: not in the content store'
expect_exit 0 build --docker
[ "$(text)" = docker ] || fail "the image has: $(text)"
tar --warning=no-unknown-keyword -xOf x.tar containers/onboot/000-a/config.json | jq -e '.process.args == ["/init"]' >/dev/null ||
    fail 'the command is not that of the image'
[ -z "$("$RTFX" cache ls | grep docker)" ] || fail 'the store has a name more'

# It wins over the store, and changes nothing there.
echo store >files/init
tar -C files -c . | docker import --change 'CMD ["/init"]' - org/other:1 >/dev/null
docker save -o other.tar org/other:1
"$RTFX" cache import --name org/init:1 other.tar >/dev/null
expect_exit 0 build
[ "$(text)" = store ] || fail "without --docker the image has: $(text)"
expect_exit 0 build --docker
[ "$(text)" = docker ] || fail "with --docker the image has: $(text)"
expect_exit 0 build
[ "$(text)" = store ] || fail 'the store has the image of docker now'

# Another arch, no image, no daemon, no docker: the store it is.
docker rmi org/init:1 >/dev/null
expect_exit 0 build --docker
[ "$(text)" = store ] || fail 'an image that docker lacks is not taken from the store'
DOCKER_HOST=unix:///nowhere expect_exit 0 build --docker
