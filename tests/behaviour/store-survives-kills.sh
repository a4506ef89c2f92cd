#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Imports, removals and collections are killed at random moments: after each, every name leads to all of its blobs,
# whose bytes are right, and in the end everything can be imported and all leftovers go.
# SEED=number repeats a run; ROUNDS=number makes it longer.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir archives
for number in 1 2 3 4; do
    rm -rf tree
    mkdir tree
    head -c 4000000 /dev/urandom >tree/data
    image "demo/x:$number" amd64 tree >/dev/null
    skopeo copy -q --insecure-policy --preserve-digests "oci:$PWD/cache/rtfx/store:demo/x:$number" "oci-archive:archives/$number.tar:demo/x:$number"
done
export RTFX_CACHE="$PWD/hit"

cat >check.py <<'PY'
import hashlib, json, os, sys
store = "hit/store"
if not os.path.exists(store + "/oci-layout"):
    sys.exit(0)
def blob(descriptor):
    path = store + "/blobs/sha256/" + descriptor["digest"][7:]
    data = open(path, "rb").read()
    if len(data) != descriptor["size"] or "sha256:" + hashlib.sha256(data).hexdigest() != descriptor["digest"]:
        sys.exit("damaged: " + path)
    return data
for entry in json.load(open(store + "/index.json"))["manifests"]:
    manifest = json.loads(blob(entry))
    blob(manifest["config"])
    for layer in manifest["layers"]:
        blob(layer)
PY

seed=${SEED:-$(date +%s)}
rounds=${ROUNDS:-30}
echo "seed $seed, $rounds rounds"
awk -v seed="$seed" -v rounds="$rounds" 'BEGIN {
    srand(seed)
    for (i = 0; i < rounds; i++) printf "%d %.4f %.4f %d\n", rand() * 4 + 1, rand() * 0.06 + 0.001, rand() * 0.06 + 0.001, rand() * 4
}' >plan
while read -r number first second what; do
    # Two at once, killed at moments of their own.
    timeout -s KILL "$first" "$RTFX" cache import "archives/$number.tar" >/dev/null 2>&1 &
    case $what in
        0) timeout -s KILL "$second" "$RTFX" cache rm "demo/x:$number" >/dev/null 2>&1 || : ;;
        1) timeout -s KILL "$second" "$RTFX" cache gc --wait 0 >/dev/null 2>&1 || : ;;
        *) timeout -s KILL "$second" "$RTFX" cache import "archives/$((number % 4 + 1)).tar" >/dev/null 2>&1 || : ;;
    esac
    wait
    python3 check.py || fail "seed $seed, round: $number $first $second $what"
done <plan

for number in 1 2 3 4; do
    expect_exit 0 "$RTFX" cache import "archives/$number.tar"
done
python3 check.py || fail "seed $seed: after the imports"
expect_exit 0 "$RTFX" cache gc
[ -z "$(find hit -name '*.tmp.*')" ] || fail "left behind: $(find hit -name '*.tmp.*')"
[ "$(find hit/store/blobs -type f | wc -l)" -eq 12 ] || fail "four images are 12 blobs, not $(find hit/store/blobs -type f | wc -l)"
