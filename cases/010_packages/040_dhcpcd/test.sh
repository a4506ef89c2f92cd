#!/bin/sh
# SUMMARY: dhcpcd configures the network and resolv.conf, and gives up in time where there is no network
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble test.yml
boot --expect '\[onboot 000-nowhere\] dhcpcd: no interface eth7 after 1 s; there are: .*eth0' \
    --expect 'onboot 000-nowhere: exit 1' \
    --expect '\[onboot 001-dhcpcd\] dhcpcd: eth0 has 10\.0\.2\.15/24, router 10\.0\.2\.2, dns 10\.0\.2\.3' \
    --expect '\[onboot 002-shows\] .*inet 10\.0\.2\.15/24 .*eth0' \
    --expect '\[onboot 002-shows\] default via 10\.0\.2\.2 dev eth0' \
    --expect '\[onboot 002-shows\] nameserver 10\.0\.2\.3'
