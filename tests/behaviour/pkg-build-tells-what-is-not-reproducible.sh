#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same tag gives the same manifest digest, from another checkout, cache and day; --check-reproducible builds twice and
# explains the first difference.
set -eu

. "$RTFX_SOURCE/tests/lib/packages.sh"
make_repository
package pkg/good 'image: good
config: {readonly: true}
buildArgs: ["BASE=@lkt:pkg:../base"]' 'ARG BASE' 'FROM ${BASE} AS build' 'RUN mkdir -p /out/a /out/b && date > /dev/null' \
    'FROM scratch' 'COPY --from=build /out /' 'COPY content /content'
package pkg/bad 'image: bad
buildArgs: ["BASE=@lkt:pkg:../base"]' 'ARG BASE' 'FROM ${BASE}' 'RUN mkdir -p /var && cat /proc/sys/kernel/random/uuid > /var/id'
commit second

expect_exit 0 "$RTFX" pkg build --offline --check-reproducible --platforms "linux/$host_arch" repo/pkg/good
first=$(sed -n 's/^linuxkit.good:.* built.*\(sha256:.*\)/\1/p' output)
git clone -q repo again
chmod -R go-rwx again
export XDG_CACHE_HOME="$PWD/second"
(umask 077 && expect_exit 0 "$RTFX" pkg build --offline --platforms "linux/$host_arch" again/pkg/good)
second=$(sed -n 's/^linuxkit.good:.* built.*\(sha256:.*\)/\1/p' output)
[ "$first" = "$second" ] && [ -n "$first" ] || fail "$first is not $second"

# With deep tags the tag means the same bytes at a later commit, too, which linuxkit's labels do not let it.
echo 'tags: deep' >repo/rtfx.yml
commit third
digest_of_good() { # the digest of the image from a new store
    export XDG_CACHE_HOME="$PWD/$1"
    expect_exit 0 env -C repo "$RTFX" pkg build --offline --platforms "linux/$host_arch" pkg/good
    sed -n 's/^linuxkit.good:.* built.*\(sha256:.*\)/\1/p' output
}
third=$(digest_of_good third)
echo more >repo/README
commit fourth
fourth=$(digest_of_good fourth)
[ "$third" = "$fourth" ] && [ -n "$third" ] || fail "$third is not $fourth"

expect_exit 1 "$RTFX" pkg build --offline --check-reproducible --platforms "linux/$host_arch" repo/pkg/bad
expect_output 'not reproducible: two builds gave sha256:'
expect_output 'var/id'
# Nothing that cannot be trusted has a name.
! "$RTFX" cache ls | grep linuxkit.bad || fail "the image has a name"
