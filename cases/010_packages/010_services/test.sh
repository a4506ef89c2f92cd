#!/bin/sh
# SUMMARY: Services run side by side, an ended one is reported; shutting down runs onshutdown, then stops them
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble test.yml
# Without --expect the guest must power itself off, which its service poweroff asks for.
boot

output_has '^services ends: exit 7'
output_has '^\[stays\] still here'
output_has '^\[onshutdown 000-first\] the service runs'
output_has '^\[onshutdown 001-second\] second'
output_has '^\[stays\] asked to end'
[ "$(grep -c '^\[ends\] once' "$RTFX_TMP/output")" -eq 1 ] || fail 'an ended service was started again'

# In this order.
order=$(grep -oE '^\[(onshutdown 00.|stays\] asked)' "$RTFX_TMP/output" | tr '\n' ' ')
[ "$order" = '[onshutdown 000 [onshutdown 001 [stays] asked ' ] || fail "wrong order: $order"
