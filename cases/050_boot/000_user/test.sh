#!/bin/sh
# SUMMARY: What is typed at rtfx boot -i comes to the guest's shell, and its answer back
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"
. "$RT_PROJECT_ROOT/050_boot/console.sh"

# shellcheck disable=SC2016 # for the guest
boot_and_type 'echo an""swer $((6 * 7)); uname -r' --expect '^answer 42$' --expect '^[0-9]+\.[0-9]+'
[ "$code" -eq 0 ] || fail "exit $code"
output_has '^rtfx: boot: ok '
