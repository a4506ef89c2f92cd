#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Packages that others are built from come first, for the platform of the stage that names them: by @lkt:pkg, by @lkt:pkgs,
# and as a name after FROM. Native and cross builds are told apart.
set -eu

. "$RTFX_SOURCE/tests/lib/packages.sh"
make_repository
base=linuxkit/base:$(tree pkg/base)
package pkg/tool 'image: tool
buildArgs: ["BASE=@lkt:pkg:../base"]' \
    'ARG BASE' 'FROM --platform=$BUILDPLATFORM ${BASE} AS build' 'ARG TARGETARCH' \
    'RUN echo "made for $TARGETARCH" > /tool' 'FROM scratch' 'COPY --from=build /tool /'
# Files of the target's base, used by programs of the build host's.
package pkg/all 'image: all
buildArgs: ["WITH_%=@lkt:pkgs:../[tb]*"]' \
    'ARG WITH_LINUXKIT_TOOL' 'ARG WITH_LINUXKIT_BASE' 'FROM ${WITH_LINUXKIT_TOOL} AS tool' \
    'FROM --platform=$BUILDPLATFORM ${WITH_LINUXKIT_BASE} AS build' \
    'RUN --mount=type=bind,from=tool,target=/from cat /from/tool > /all' 'FROM scratch' 'COPY --from=build /all /'
package pkg/literal 'image: literal' "FROM --platform=\$BUILDPLATFORM $base AS build" \
    'RUN echo literal > /literal' 'FROM scratch' 'COPY --from=build /literal /'
commit second

expect_exit 0 "$RTFX" pkg build --offline --platforms "$both" 'repo/pkg/[alt]*'
expect_output "^linuxkit/base:.* $host_arch built in [0-9.]+ s sha256:"
expect_output "^linuxkit/tool:$(tree pkg/tool) $other_arch built in [0-9.]+ s \(cross\) sha256:"
expect_no_output "^linuxkit/base:.* $other_arch "
[ "$(grep -n 'linuxkit/base:' output | cut -d: -f1)" = 1 ] || fail "the base is not first: $(cat output)"
[ "$(file_of "linuxkit/all:$(tree pkg/all)" "$other_arch" all)" = "made for $other_arch" ] || fail "wrong stage"
[ "$(file_of "linuxkit/literal:$(tree pkg/literal)" "$other_arch" literal)" = literal ] || fail "wrong content"

# Again: nothing is built. Every name is an index with both arches, which others can read.
expect_exit 0 "$RTFX" pkg build --offline --platforms "$both" 'repo/pkg/[alt]*'
expect_no_output built
skopeo inspect --raw "oci:$XDG_CACHE_HOME/rtfx/store:linuxkit/tool:$(tree pkg/tool)" | jq -r '.manifests[].platform.architecture' |
    sort >arches
printf '%s\n' "$host_arch" "$other_arch" | sort | cmp - arches

umoci unpack --image "$XDG_CACHE_HOME/rtfx/store:linuxkit/tool:$(tree pkg/tool)-$other_arch" bundle >umoci.log 2>&1 ||
    fail "umoci: $(cat umoci.log)"
[ "$(cat bundle/rootfs/tool)" = "made for $other_arch" ] || fail "umoci unpacked something else"

# An image that is nowhere, and a package for an arch that its base is not for.
package pkg/lost 'image: lost' 'FROM example.invalid/nowhere:1' 'COPY content /'
commit third
expect_exit 1 "$RTFX" pkg build --offline --platforms "linux/$host_arch" repo/pkg/lost
expect_output 'FROM example.invalid/nowhere:1 for .*: the store does not have this image, and no registry is asked'
package pkg/base2 "image: base2
arches: [$other_arch]"
package pkg/lost 'image: lost
buildArgs: ["BASE=@lkt:pkg:../base2"]' 'ARG BASE' 'FROM --platform=$BUILDPLATFORM ${BASE}'
commit fourth
expect_exit 2 "$RTFX" pkg build --offline --platforms "linux/$host_arch" repo/pkg/lost
expect_output "base2/build.yml: linuxkit/lost:.* needs this package for $host_arch, which is not among its arches"
expect_valid_store
