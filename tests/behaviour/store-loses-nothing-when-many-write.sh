#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 24 processes import at once into one store that is not there yet, others look and collect meanwhile: nothing is lost.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir -p common archives
head -c 200000 /dev/urandom >common/data
for number in $(seq 24); do
    rm -rf tree
    cp -r common tree
    echo "$number" >tree/own
    image "demo/x:$number" amd64 tree >>digests
    skopeo copy -q --insecure-policy --preserve-digests "oci:$PWD/cache/rtfx/store:demo/x:$number" "oci-archive:archives/$number.tar:demo/x:$number"
done

export RTFX_CACHE="$PWD/shared"
for number in $(seq 24); do
    "$RTFX" cache import "archives/$number.tar" >"import.$number" 2>&1 || echo "$number" >>failed &
done
for number in $(seq 6); do
    "$RTFX" cache ls >"ls.$number" 2>&1 || echo "ls $number" >>failed &
    "$RTFX" cache gc --wait 60 >"gc.$number" 2>&1 || echo "gc $number" >>failed &
done
wait
[ ! -e failed ] || fail "failed: $(cat failed) $(cat import.* ls.* gc.*)"
expect_exit 0 "$RTFX" cache ls
[ "$(grep -c '^demo/x:' output)" -eq 24 ] || fail "names are lost: $(cat output)"
while read -r digest; do
    grep -q "$digest" output || fail "$digest is lost"
done <digests
for number in 1 12 24; do
    skopeo copy -q --insecure-policy "oci:$RTFX_CACHE/store:demo/x:$number" "oci:out.$number:x" || fail "demo/x:$number is broken"
done
[ -z "$(find shared -name '*.tmp.*')" ] || fail "left behind: $(find shared -name '*.tmp.*')"
# Each of them goes, one after the other, from many processes at once.
for number in $(seq 24); do
    "$RTFX" cache rm "demo/x:$number" >"rm.$number" 2>&1 || echo "rm $number" >>failed &
done
wait
[ ! -e failed ] || fail "failed: $(cat failed) $(cat rm.*)"
expect_exit 0 "$RTFX" cache gc
[ -z "$(find shared/store/blobs -type f)" ] || fail "blobs of removed images are left"
