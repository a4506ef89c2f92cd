#!/bin/sh
# SUMMARY: Every mistake in an image YAML is reported with file and line, and nothing is built
# LABELS:
# REPEAT:
# TIMEOUT: 60
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

run_any "$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name bad bad.yml
[ "$code" -eq 2 ] || fail "exit code is $code, expected 2"
output_has 'bad\.yml:7:.*comand'
output_has 'bad\.yml:9:.*image'
output_has 'bad\.yml:12:.*kernel'
if ls "$RTFX_TMP"/bad*; then
    fail 'an output was written'
fi

run_any "$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name bad missing.yml
[ "$code" -eq 2 ] || fail "exit code for a missing file is $code, expected 2"
output_has 'missing\.yml'
