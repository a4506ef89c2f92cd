#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --docker puts what was built into docker under its name, whoever built it; pkg builder shows and removes what builds leave.
. "$RTFX_SOURCE/tests/lib/docker.sh"
daemon one
daemon two
base_package
echo "config: {net: host}" >>pkg/base/build.yml
two="unix://$PWD/docker/two/socket"

expect_exit 0 env "DOCKER_HOST=$two" "$RTFX" pkg build --offline --docker --builders "linux/$arch=one,linux/$other_arch=one" pkg/base
images_of two | grep -qx 'test/base:latest' || fail "two has $(images_of two)"
! images_of one | grep 'test/base:latest' || fail 'one got it as well'
[ "$(docker --context two run --rm --network none test/base:latest /bin/cat /bin/sh | cksum)" = "$(cksum </bin/dash)" ] ||
    fail "it does not run in docker"
label=$(docker --context two image inspect --format '{{index .Config.Labels "org.mobyproject.config"}}' test/base:latest)
[ "$label" = '{"net":"host"}' ] || fail "its label is $label"

# For another arch alone there is nothing to load.
expect_exit 2 env "DOCKER_HOST=$two" "$RTFX" pkg build --offline --docker --platforms "linux/$other_arch" --builders "linux/$other_arch=one" pkg/base

expect_exit 0 "$RTFX" pkg builder du --builders "linux/$arch=one"
expect_output '^docker context one:$'
expect_output '^Build Cache +[1-9]'
expect_no_output 'context two'
expect_exit 0 "$RTFX" pkg builder prune --builders "linux/$arch=one"
expect_output '^Total'
[ "$(steps_of one)" -eq 0 ] || fail "steps are left: $(steps_of one)"
expect_exit 0 "$RTFX" pkg builder du
expect_output 'no docker context builds'
expect_exit 2 "$RTFX" pkg builder du --builders "linux/$arch=nowhere"
expect_exit 2 "$RTFX" pkg builder du --platforms arm64
