#!/bin/sh
# SUMMARY: A guest that floods its console is read to the end, and its logs stay small
# LABELS: slow
# REPEAT:
# TIMEOUT: 240
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"
. "$RT_PROJECT_ROOT/050_boot/console.sh"

boot_timeout=180
boot_and_type 'head -c 3000000 /dev/urandom | tr "\n" x; echo; echo af""terwards' --expect '^afterwards$' \
    --log-limit 1 --console-times "$RTFX_TMP/times"
[ "$code" -eq 0 ] || fail "exit $code"
for file in console.log times; do
    [ "$(wc -c < "$RTFX_TMP/$file")" -le 1100000 ] || fail "$file has $(wc -c < "$RTFX_TMP/$file") bytes"
    grep -qa '^\[rtfx: [0-9]* bytes are left out here\]' "$RTFX_TMP/$file" || fail "$file does not tell what is missing"
done
tail -n 3 "$RTFX_TMP/times" | grep -qa '[0-9]  afterwards$' || fail 'the last line has no time'
