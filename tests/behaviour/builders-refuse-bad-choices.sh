#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who builds is said clearly or not at all: contexts that are not there, daemons that do not answer, words that mean nothing.
. "$RTFX_SOURCE/tests/lib/docker.sh"
package one <<'DOCKERFILE'
FROM scratch
COPY Dockerfile /
DOCKERFILE
build() { # FLAGS...
    "$RTFX" pkg build --offline --platforms "linux/$arch" "$@" pkg/one
}
docker context create nowhere --docker "host=unix://$PWD/nowhere" >/dev/null 2>&1

expect_exit 2 build --builders "linux/$arch=nowhre"
expect_output "^rtfx: .*--builders: there is no docker context \"nowhre\" for linux/$arch; did you mean \"nowhere\"\? \(there are: default, nowhere; "
expect_exit 2 env "LINUXKIT_BUILDERS=linux/$arch=gone" "$RTFX" pkg build --offline pkg/one
expect_output 'LINUXKIT_BUILDERS: there is no docker context "gone"'

for bad in amd64=x linux/amd64 linux/amd64= ',' 'linux/amd64=x,'; do
    expect_exit 2 build --builders "$bad"
    expect_output '^rtfx: --builders: ".*" is not of the form linux/ARCH=CONTEXT'
done
expect_exit 2 build --builders linux/amd46=x
expect_output '^rtfx: --builders: unknown arch "amd46"'
expect_exit 2 build --builders "linux/$arch=buildah,linux/$arch=nowhere"
expect_output "^rtfx: --builders: linux/$arch is there twice"
expect_exit 2 env RTFX_BUILDERS=nonsense "$RTFX" pkg build --offline pkg/one
expect_output '^rtfx: RTFX_BUILDERS: "nonsense"'

# A daemon that does not answer: the context, the reason, one line.
expect_exit 3 build --builders "linux/$arch=nowhere"
expect_output "docker context nowhere: Cannot connect to the Docker daemon at unix://$PWD/nowhere"
[ "$(grep -c 'Cannot connect' output)" -eq 1 ] || fail "told more than once: $(cat output)"

# The flag goes before the environment, which goes before the context's name.
docker context create "linuxkit-linux-$arch" --docker "host=unix://$PWD/by-name" >/dev/null 2>&1
expect_exit 3 build
expect_output "docker context linuxkit-linux-$arch: Cannot connect"
export "LINUXKIT_BUILDERS=linux/$arch=nowhere"
expect_exit 3 build
expect_output 'docker context nowhere: Cannot connect'
expect_exit 3 env "RTFX_BUILDERS=linux/$arch=linuxkit-linux-$arch" "$RTFX" pkg build --offline --platforms "linux/$arch" pkg/one
expect_output "docker context linuxkit-linux-$arch: Cannot connect"
expect_exit 0 build --builders "linux/$arch=buildah"
