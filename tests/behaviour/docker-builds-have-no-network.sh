#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Without network: true a build in a daemon has none, not even to its own host; nor does the daemon fetch anything for it.
. "$RTFX_SOURCE/tests/lib/docker.sh"
daemon one
export RTFX_BUILDERS="linux/$arch=one"
base_package
build() { # PACKAGE FLAGS...
    package=$1
    shift
    "$RTFX" pkg build --offline --platforms "linux/$arch" "$@" "pkg/$package"
}

# Somebody listens on the host's loopback.
port=5000
while bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null; do
    port=$((port + 1))
done
cat >registry.yml <<YML
version: 0.1
log: {level: error}
storage: {inmemory: {}}
http: {addr: "127.0.0.1:$port"}
YML
docker-registry serve registry.yml >registry.log 2>&1 &
other_process=$!
tries=0
until bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "nobody listens: $(cat registry.log)"
    sleep 0.1
done

for network in false true; do
    package "network-$network" "network: $network" 'buildArgs:' '  - BASE=@lkt:pkg:../base' <<DOCKERFILE
ARG BASE
FROM \${BASE}
RUN ["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$port"]
DOCKERFILE
    sed -i 's/^arches:.*/arches: ['"$arch"']/' "pkg/network-$network/build.yml"
done
expect_exit 1 build network-false
expect_output "connect: (Connection refused|Network is unreachable)"
expect_exit 0 build network-true
expect_exit 1 build network-true --nonetwork --force

# What the daemon itself would fetch.
package fetches <<DOCKERFILE
# syntax=127.0.0.1:$port/frontend:1
ARG WHERE=http://127.0.0.1:$port
FROM scratch
ARG WHERE
ADD \${WHERE}/v2/ /v2
DOCKERFILE
expect_exit 2 build fetches
expect_output "Dockerfile:5: ADD http://127.0.0.1:$port/v2/ needs the network"
expect_exit 0 build fetches --network
package frontend <<DOCKERFILE
# syntax=127.0.0.1:$port/frontend:1
FROM scratch
COPY Dockerfile /
DOCKERFILE
expect_exit 0 build frontend
