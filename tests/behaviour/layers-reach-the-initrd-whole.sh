#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Opaque whiteouts, hard links over layers, sparse files of GNU and PAX, long names, attributes: what GNU tar unpacks is in
# the initrd, in all compressions, from an empty cache as from a full one.
. "$RTFX_SOURCE/tests/lib/layers.sh"

mkdir -p lower/dir/sub lower/hidden upper/dir expected
long=$(printf 'n%.0s' $(seq 200))
mkdir -p "lower/$long/$long"
echo deep >"lower/$long/$long/$long"
ln -s "$long/$long/$long" lower/link
echo one >lower/dir/old
echo two >lower/dir/sub/old
echo secret >lower/hidden/file
echo linked >lower/first
ln lower/first lower/second
truncate -s 3000001 lower/sparse
printf middle | dd of=lower/sparse bs=1 seek=1500000 conv=notrunc status=none
truncate -s 2M lower/hole
seq 400000 >lower/numbers
chmod 4711 lower/first
touch -d @1500000000 lower/dir lower/first
cp -a lower/. expected
tar -C lower --format=pax -S --sort=name -cf pax.tar .
tar -C lower --format=gnu -S --sort=name -cf gnu.tar .
grep -q GNU.sparse pax.tar || fail "the test wants a sparse file in its tar"
[ "$(wc -c <pax.tar)" -lt 4500000 ] || fail "the holes are in the tar"

python <<'PY'
from layers import *
whiteouts = tar(directory("dir"), file("dir/.wh..wh..opq"), file("dir/new", "new"), file(".wh.hidden"))
links = tar(hardlink("third", "first"), file("second", "of its own"))
store = Store()
for kind in "pax", "gnu":
    store.image(f"t/{kind}:1", packed(open(kind + ".tar", "rb").read()), packed(whiteouts), links)
store.image("t/caps:1", tar(file("ping", "x", pax_headers={"SCHILY.xattr.user.note": "n"})))
store.close()
PY
rm -r expected/dir expected/hidden expected/second
mkdir expected/dir
echo "new" | tr -d '\n' >expected/dir/new
printf 'of its own' >expected/second
ln expected/first expected/third

compare() { # DIRECTORY: with what is expected; what every root has beside it is not looked at
    (cd "$1" && rm -rf dev etc proc sys)
    diff -r --no-dereference expected "$1" || fail "$1 has other files"
    (cd expected && find . -type f -printf '%p %m %n %s\n' | sort) >wanted
    (cd "$1" && find . -type f -printf '%p %m %n %s\n' | sort) | grep -v ' \./dir/new ' | sed '/^\.\/dir\/new /d' >found
    sed -i '/^\.\/dir\/new /d' wanted
    diff wanted found || fail "$1: modes or links differ"
    [ "$(stat -c %i "$1/first")" = "$(stat -c %i "$1/third")" ] || fail "a hard link is a file of its own"
}

for kind in pax gnu; do
    rm -rf cache/rtfx/images
    for round in empty full; do
        expect_exit 0 build "t/$kind:1"
        expect_no_output warning
        unpacked "$kind.$round"
        compare "$kind.$round"
        cp out/x-initrd.img "$kind.$round.img"
    done
    cmp "$kind.empty.img" "$kind.full.img"
    expect_exit 0 build "t/$kind:1" --no-cache
    cmp "$kind.empty.img" out/x-initrd.img
done
cmp pax.empty.img gnu.empty.img || fail "how a tar says that a file is sparse changes the image"
for how in zstd none; do
    for round in empty full; do
        expect_exit 0 build t/pax:1 --compress "$how"
        if [ "$how" = zstd ]; then zstd -qdc out/x-initrd.img; else cat out/x-initrd.img; fi >"$how.$round"
    done
    cmp "$how.empty" "$how.full"
    zcat pax.full.img | cmp - "$how.full" || fail "$how holds something else"
done
expect_exit 0 build t/caps:1
expect_output '/ping: an initrd cannot hold its extended attributes \(user\.note\)'
nothing_left
