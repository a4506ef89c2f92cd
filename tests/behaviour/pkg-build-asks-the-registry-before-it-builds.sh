#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The store, then the registry, then the builder; --pull, --force, --push, --nobuild and --release as linuxkit has them. A
# registry that cannot be asked is an error, not "not found".
set -eu

. "$RTFX_SOURCE/tests/lib/packages.sh"
make_repository
start_registry
package pkg/one "image: one
org: $registry/team"
commit second
one=$registry/team/one:$(tree pkg/one)
native="linux/$host_arch"
tags() {
    skopeo list-tags --tls-verify=false "docker://$registry/team/one" | jq -r '.Tags[]' | sort | tr '\n' ' '
}

# Neither here nor there: it is built, and published with --push, with tags of its arches.
expect_exit 0 "$RTFX" pkg build --platforms "$native" repo/pkg/one
expect_output "^$one $host_arch built"
expect_exit 0 "$RTFX" pkg build --platforms "$native" --push repo/pkg/one
expect_output "^$one $host_arch cached"
expect_output "^$one created sha256:[0-9a-f]{64} \($host_arch\)"
[ "$(tags)" = "$(tree pkg/one) $(tree pkg/one)-$host_arch " ] || fail "tags: $(tags)"

# The other arch from another host: what is there stays there.
export XDG_CACHE_HOME="$PWD/second"
expect_exit 0 "$RTFX" pkg build --platforms "$native" repo/pkg/one
expect_output "^$one $host_arch found in the registry sha256:"
[ "$("$RTFX" cache ls --json | jq length)" = 0 ] || fail "something was pulled"
expect_exit 0 "$RTFX" pkg push --no-manifest --release v9 --platforms "linux/$other_arch" repo/pkg/one
expect_output "^$one updated sha256:.*\($host_arch, $other_arch\)|^$one updated sha256:.*\($other_arch, $host_arch\)"
[ "$(tags)" = "$(tree pkg/one) $(tree pkg/one)-$host_arch v9 " ] || fail "tags: $(tags)"
skopeo inspect --tls-verify=false --raw "docker://$registry/team/one:v9" | jq -e '.manifests | length == 2' >/dev/null ||
    fail "the release lacks an arch"
expect_exit 0 "$RTFX" pkg build --platforms "$native" --pull repo/pkg/one
expect_output "^$one $host_arch pulled"
expect_exit 0 "$RTFX" pkg build --platforms "$native" --force repo/pkg/one
expect_output "^$one $host_arch built"

# Nothing new to publish; nothing here to publish.
expect_exit 0 "$RTFX" pkg push --nobuild --platforms "$both" repo/pkg/one
expect_output "^$one unchanged"
export XDG_CACHE_HOME="$PWD/third"
expect_exit 0 "$RTFX" pkg push --nobuild repo/pkg/one
expect_output "No new platforms to push, skipping"

# A package that others need is pulled when its registry has it.
package pkg/two "image: two
org: $registry/team
buildArgs: [\"ONE=@lkt:pkg:../one\"]" 'ARG ONE' 'FROM ${ONE}' 'COPY content /second'
commit third
expect_exit 0 "$RTFX" pkg build --platforms "$native" repo/pkg/two
expect_output "^$one $host_arch found in the registry"
files_of "$registry/team/two:$(tree pkg/two)" "$host_arch" | grep -qx content || fail "the base's file is not there"

# What is not committed is built and not published; git's own tags are release tags.
echo dirt >repo/pkg/one/dirt
expect_exit 1 "$RTFX" pkg push --platforms "$native" repo/pkg/one
expect_output 'build complete, refusing to push a dirty package'
rm repo/pkg/one/dirt
git -C repo tag v1
git -C repo tag v1.0
expect_exit 0 "$RTFX" pkg push --platforms "$native" repo/pkg/one
expect_output "^$registry/team/one:v1 created"
expect_output "^$registry/team/one:v1.0 created"

# A registry that does not answer, and one that wants a password.
kill "$registry_process"
package pkg/three "image: three
org: $registry/team"
commit fourth
expect_exit 3 "$RTFX" pkg build --platforms "$native" repo/pkg/three
expect_output "$registry"
expect_no_output 'three:.* built'
start_registry joe secret
package pkg/three "image: three
org: $registry/team"
commit fifth
expect_exit 3 "$RTFX" pkg build --platforms "$native" repo/pkg/three
expect_output '401|authentication|log ?in'
expect_exit 0 "$RTFX" pkg push --registry-creds "$registry=joe:secret" --platforms "$native" repo/pkg/three
expect_no_output secret
expect_valid_store
