#!/bin/sh
# SUMMARY: sysctl applies the files of /etc/sysctl.d, and says which line the kernel did not take
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble test.yml
boot --expect '\[onboot 000-sysctl\] sysctl: /etc/sysctl.d/20-bad.conf:2: this kernel has no vm.no_such_thing' \
    --expect '\[onboot 000-sysctl\] sysctl: /etc/sysctl.d/20-bad.conf:3: expected NAME=VALUE' \
    --expect 'onboot 000-sysctl: exit 1' \
    --expect '\[onboot 001-shows\] kernel.domainname = second.test' \
    --expect '\[onboot 001-shows\] vm.overcommit_memory = 1' \
    --expect '\[onboot 001-shows\] net.ipv4.ip_forward = 1' \
    --reject 'may_be_absent'
