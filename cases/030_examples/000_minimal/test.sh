#!/bin/sh
# SUMMARY: examples/minimal.yml boots to a root shell with a network
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble "$RTFX_PROJECT/examples/minimal.yml"
boot --expect 'Welcome to LinuxKit' \
    --expect 'dhcpcd: eth0 has 10\.0\.2\.15' \
    --expect 'linuxkit:~# ' \
    --reject 'exit [1-9]'
