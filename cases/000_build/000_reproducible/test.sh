#!/bin/sh
# SUMMARY: The same image YAML gives the same bytes twice
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

for name in one two; do
    "$RTFX" build --no-cache --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name "$name" "$RTFX_PROJECT/examples/minimal.yml"
    "$RTFX" build --no-cache --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name "$name" --format tar "$RTFX_PROJECT/examples/minimal.yml"
done
for part in -kernel -initrd.img -cmdline .tar; do
    [ -s "$RTFX_TMP/one$part" ] || fail "one$part is missing or empty"
    cmp "$RTFX_TMP/one$part" "$RTFX_TMP/two$part" || fail "one$part and two$part differ"
done
