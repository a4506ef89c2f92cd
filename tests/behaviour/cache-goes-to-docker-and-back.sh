#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A real docker daemon loads what is exported, and what it saves is imported: the same configuration and layers.
. "$RTFX_SOURCE/tests/lib/docker.sh"
. "$RTFX_SOURCE/tests/lib/images.sh"
daemon host
docker() { command docker --context host "$@"; }

mkdir -p tree/etc
echo hello >tree/etc/motd
image demo/x:1 "$arch" tree >/dev/null
# Packed, as builders write layers.
skopeo copy -q --insecure-policy --dest-compress --dest-compress-format zstd "oci:cache/rtfx/store:demo/x:1" oci:packed:demo/x:2
expect_exit 0 "$RTFX" cache import packed
for tag in 1 2; do
    expect_exit 0 "$RTFX" cache export --format docker --outfile docker.tar "demo/x:$tag"
    expect_exit 0 docker load -i docker.tar
    expect_output "Loaded image: demo/x:$tag"
done
expect_exit 0 "$RTFX" cache export --format docker --outfile - demo/x:1
mv output piped.tar
expect_exit 0 docker load -i piped.tar

# Two names of one image, through a pipe.
expect_exit 0 docker tag demo/x:1 demo/again:3
docker save demo/x:1 demo/again:3 >saved.tar || fail "docker save"
cat saved.tar | gzip | "$RTFX" cache import --cache back - >output || fail "the import failed"
expect_output '^demo/again:3 sha256:'
expect_output '^demo/x:1 sha256:'
config() { skopeo inspect --raw "$1" | jq -r .config.digest; }
[ "$(config oci:back/store:demo/x:1)" = "$(config oci:cache/rtfx/store:demo/x:1)" ] || fail "another configuration"
expect_exit 0 "$RTFX" cache export --cache back --format filesystem --outfile - demo/again:3
[ "$(tar -xOf output etc/motd)" = hello ] || fail "not the files"

# Saved by its id it has no name.
docker save "$(docker images -q demo/x:1)" >nameless.tar || fail "docker save"
expect_exit 2 "$RTFX" cache import --cache back nameless.tar
expect_output 'has no name there; give it one with --name NAME'
expect_exit 0 "$RTFX" cache import --cache back --name demo/named:1 nameless.tar
