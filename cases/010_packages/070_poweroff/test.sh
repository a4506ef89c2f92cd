#!/bin/sh
# SUMMARY: poweroff ends the machine even while onboot containers run, and refuses what it does not understand
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble test.yml
boot --reject 'not reached'
output_has '^\[onboot 000-wrong\] power: usage:'
output_has '^onboot 000-wrong: exit 2'
output_has '^\[onboot 001-private\] power: needs the PID namespace'
