#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Command lines as LinuxKit's documents write them, with rtfx for linuxkit; and those that contradict themselves.
set -eu

. "$RTFX_SOURCE/tests/lib/packages.sh"
make_repository
start_registry
package foo 'image: foo'
commit second
tree=$(tree foo)

# One dash before long flags, flags anywhere, the package of the current directory, "push" as a word.
expect_exit 0 "$RTFX" pkg build --offline -org=wombat -platforms="linux/$host_arch" repo/foo
expect_output "^wombat/foo:$tree $host_arch built"
expect_exit 0 "$RTFX" pkg -v 2 build --skip-platforms "linux/$other_arch,linux/s390x" --offline -hash=foo -org wombat repo/foo
expect_output "^wombat/foo:foo $host_arch built"
expect_no_output "$other_arch|s390x"
expect_exit 0 env -C repo/foo "$RTFX" pkg show-tag -org=wombat -hash foo .
expect_output '^wombat/foo:foo$'
expect_exit 0 env -C repo/foo "RTFX_MIRROR=docker.io=http://$registry" "$RTFX" pkg build --platforms "linux/$host_arch"
expect_output "^linuxkit/foo:$tree $host_arch built"
expect_exit 0 env -C repo/foo "$RTFX" pkg build "-org=$registry/wombat" -platforms "linux/$host_arch" push
expect_output "^$registry/wombat/foo:$tree created"
expect_exit 0 env -C repo/foo "$RTFX" pkg push "-org=$registry/wombat" -hash=foo -platforms "linux/$host_arch"
expect_output "^$registry/wombat/foo:foo created"
for tag in "$tree" foo; do
    skopeo inspect --tls-verify=false --raw "docker://$registry/wombat/foo:$tag" >/dev/null || fail "$tag was not pushed"
done

# What would be done, as commands of docker.
expect_exit 0 "$RTFX" pkg build --offline --dry-run --force --platforms "linux/$host_arch" repo/foo
expect_output "^docker buildx build --platform linux/$host_arch --network=none --build-arg PKG_HASH=$tree .* $PWD/repo/foo$"
expect_exit 0 "$RTFX" pkg build --offline --platforms "linux/$host_arch" --builders "linux/$host_arch=buildah" --json repo/foo
jq -e '.[0].result == "cached"' output >/dev/null || fail "no JSON: $(cat output)"

# Build arguments of files win over build.yml, which wins over what is built in.
package args 'image: args
buildArgs: [ONE=yml, TWO=yml, PKG_IMAGE=mine, "BASE=@lkt:pkg:../pkg/base"]' \
    'ARG BASE' 'FROM ${BASE}' 'ARG ONE' 'ARG TWO' 'ARG PKG_IMAGE' 'ARG FOO' 'RUN echo "$ONE $TWO $PKG_IMAGE $FOO" > /args'
printf '# of this host\n\n  TWO = file\nFOO=@lkt:pkg:repo/foo\n' >arguments
sed -i 's/ = /=/' arguments
commit third
expect_exit 0 "$RTFX" pkg build --offline --build-arg-file arguments --platforms "linux/$host_arch" repo/args
[ "$(file_of "linuxkit/args:$(tree args)" "$host_arch" args)" = "yml file mine linuxkit/foo:$tree" ] ||
    fail "wrong: $(file_of "linuxkit/args:$(tree args)" "$host_arch" args)"
echo 'no argument' >arguments
expect_exit 2 "$RTFX" pkg build --offline --build-arg-file arguments repo/args
expect_output 'arguments:1: "no argument" is not of the form NAME=VALUE'

refuse() { # REGEX FLAG...
    line=$1
    shift
    expect_exit 2 "$RTFX" pkg build "$@" repo/foo
    expect_output "$line"
    [ "$(wc -l <output)" = 1 ] || fail "more than one line: $(cat output)"
}
refuse '^rtfx: --force and --nobuild exclude each other' --force --nobuild --push
refuse '^rtfx: --force and --pull exclude each other' --force --pull
refuse '^rtfx: --platforms and --skip-platforms exclude' --platforms linux/amd64 --skip-platforms linux/arm64
refuse '^rtfx: --platforms: "amd64" is not of the form linux/ARCH' --platforms amd64
refuse '^rtfx: --platforms: "windows/amd64" is not' --platforms windows/amd64
refuse 'nothing would be done' --nobuild
refuse 'nothing would be released' --release v1
refuse '--hash-commit must be HEAD here' --hash-commit main
refuse '--sbom-scanner: only "false"' --sbom-scanner x
refuse '--progress: "fast" is none of' --progress fast
refuse '--timeout "soon": expected seconds' --timeout soon
refuse 'nosuch' --builders linux/amd64=nosuch
refuse 'unknown arch "arm46"' --builders linux/arm46=default
refuse 'exclude each other' --network --nonetwork
expect_exit 4 "$RTFX" pkg build --platforms linux/arm46 repo/foo
expect_output 'did you mean|arm64'
expect_exit 2 "$RTFX" pkg build 'repo/no*such'
expect_output 'matches no directory'
package none 'image: none
arches: []'
commit fourth
expect_exit 0 "$RTFX" pkg build --offline repo/none
expect_output '^Skipping linuxkit/none:[0-9a-f]{40} with no architectures to build$'
