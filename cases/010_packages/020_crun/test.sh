#!/bin/sh
# SUMMARY: Containers have just the capabilities, namespaces and writable places that they were given
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble test.yml
boot --expect '\[onboot 000-none\] CapEff:.*0000000000000000' \
    --expect '\[onboot 000-none\] pid 1' \
    --expect '\[onboot 000-none\] read-only' \
    --expect '\[onboot 001-some\] CapEff:.*0000000000001000' \
    --expect '\[onboot 001-some\] uid 1000' \
    --expect '\[onboot 001-some\] in the host.s PID namespace' \
    --expect '\[onboot 002-limits\] memory 33554432' \
    --expect '\[onboot 002-limits\] interfaces: lo$'
