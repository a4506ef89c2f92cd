#!/bin/sh
# SUMMARY: init runs onboot containers in order with what they share, names one that fails, and goes on
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble test.yml
boot --expect 'Welcome to LinuxKit' \
    --expect '\[onboot 000-first\] first sees a=\[1\]' \
    --expect '\[onboot 000-first\] last line without newline' \
    --expect 'onboot 001-failing: exit 3' \
    --expect '\[onboot 002-second\] root is writable' \
    --expect '\[onboot 003-netns\] test0' \
    --expect '\[onboot 004-joins\] test0 still there' \
    --expect '\[onboot 005-logs\] failing says why' \
    --expect '\[onboot 005-logs\] /image/usr/bin/power' \
    --expect 'onboot 006-nosuch: exit' \
    --expect '\[onboot 007-end\] done' \
    --reject 'leaked' --reject 'failed: '
