#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A build has no network unless build.yml says so: not even this host's loopback, where a server listens.
set -eu

. "$RTFX_SOURCE/tests/lib/packages.sh"
make_repository
start_registry
for network in false true; do
    package "pkg/net-$network" "image: net-$network
network: $network
buildArgs: [\"BASE=@lkt:pkg:../base\"]" \
        'ARG BASE' 'FROM ${BASE}' "RUN wget -q -O /answer http://$registry/v2/ && cat /answer"
done
commit second

expect_exit 0 "$RTFX" pkg build --offline --platforms "linux/$host_arch" repo/pkg/net-true
expect_exit 1 "$RTFX" pkg build --offline --platforms "linux/$host_arch" repo/pkg/net-false
expect_output "wget: can't connect to remote host"
# The flags win over build.yml.
expect_exit 1 "$RTFX" pkg build --offline --force --nonetwork --platforms "linux/$host_arch" repo/pkg/net-true
expect_exit 0 "$RTFX" pkg build --offline --network --platforms "linux/$host_arch" repo/pkg/net-false
