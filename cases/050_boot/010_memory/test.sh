#!/bin/sh
# SUMMARY: A guest that eats its memory is an ending of its own, and can be allowed
# LABELS: slow
# REPEAT:
# TIMEOUT: 240
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"
. "$RT_PROJECT_ROOT/050_boot/console.sh"

boot_and_type 'tail /dev/zero' --mem 256 --expect never
[ "$code" -eq 1 ] || fail "exit $code"
output_has '^rtfx: boot: failed: out of memory .*Out of memory: Killed process [0-9]+ \(tail\)'

boot_and_type 'tail /dev/zero; echo af""terwards' --mem 256 --allow 'out of memory' --expect '^afterwards$'
[ "$code" -eq 0 ] || fail "exit $code"
output_has '^rtfx: boot: allowed: .*Out of memory: Killed process'
