#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A layer that ends at any multiple of 4 KiB, plain or compressed: one line that says so, and nothing is left.
. "$RTFX_SOURCE/tests/lib/layers.sh"

python <<'PY'
from layers import *
import random
random.seed(1)
store = Store()
# No file ends at a multiple of 4 KiB, where a tar without an end could be a whole one.
whole = tar(*(file(f"f{i}", random.randbytes(28 * 1024 + 512)) for i in range(3)))
names = open("names", "w")
for kind, data in (("plain", whole), ("gzip", packed(whole))):
    store.image(f"t/{kind}:whole", data)
    for size in range(4096, len(whole) - 8192, 4096):
        store.image(f"t/{kind}:{size}", data[:size])
        print(f"t/{kind}:{size}", file=names)
names.close()
store.close()
PY
for kind in plain gzip; do
    expect_exit 0 build "t/$kind:whole"
    rm out/*
done
[ "$(wc -l <names)" -ge 40 ] || fail "only $(wc -l <names) lengths are tried"
while read -r name; do
    refused "image .*$name.*layer sha256:[0-9a-f]{64}: .*([Tt]runcated|damaged)" "$name"
done <names
