#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# depends.docker-images: images with digests lie in the build context as docker saves them; they come from the store or their
# registry, and the package's own directory stays as it is.
set -eu

. "$RTFX_SOURCE/tests/lib/packages.sh"
make_repository
start_registry
package inner "image: inner
org: $registry/team"
commit second
inner=$registry/team/inner
expect_exit 0 "$RTFX" pkg push --platforms "$both" repo/inner
index=$(sed -n "s#^$inner:$(tree inner) created \(sha256:[0-9a-f]*\).*#\1#p" output)

package outer "image: outer
depends:
  docker-images:
    from-file: images
    target-dir: saved" 'FROM scratch' 'COPY saved /saved'
printf '# what goes in\n\n%s@%s\n' "$inner" "$index" >repo/outer/images
mkdir repo/outer/saved
echo old >repo/outer/saved/stale.tar
package one "image: one
depends:
  docker-images:
    list: [\"$inner:$(tree inner)@$index\"]
    target: one.tar" 'FROM scratch' 'COPY one.tar /'
commit third

# From the registry into another store.
export XDG_CACHE_HOME="$PWD/second"
expect_exit 0 "$RTFX" pkg build --platforms "linux/$other_arch" --force repo/outer repo/one
[ "$(files_of "linuxkit/outer:$(tree outer)" "$other_arch" | grep 'saved/.')" = "saved/inner@$index.tar" ] ||
    fail "not what was asked for: $(files_of "linuxkit/outer:$(tree outer)" "$other_arch")"
file_of "linuxkit/one:$(tree one)" "$other_arch" one.tar >one.tar
skopeo inspect --config docker-archive:one.tar | jq -e ".architecture == \"$other_arch\"" >/dev/null || fail "another arch"
tar -xOf one.tar manifest.json | jq -e ".[0].RepoTags == [\"$inner:$(tree inner)\"]" >/dev/null || fail "another name"
[ "$(ls repo/outer/saved)" = stale.tar ] || fail "the package was written to"

# The same from the store alone; a digest that nobody has.
expect_exit 0 "$RTFX" pkg build --offline --platforms "linux/$other_arch" --force repo/one
sed -i "s/$index/sha256:$(printf '%064d' 0)/" repo/one/build.yml
commit fourth
expect_exit 1 "$RTFX" pkg build --offline --platforms "linux/$other_arch" repo/one
expect_output 'depends.docker-images: .*: the store does not have this image, and no registry is asked'
expect_exit 1 env RTFX_MIRROR="docker.io=http://$registry" "$RTFX" pkg build --platforms "linux/$other_arch" repo/one
expect_output 'depends.docker-images: .*: neither the store nor the registry has this image'
