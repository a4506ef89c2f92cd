#!/bin/sh
# SUMMARY: Every module of the kernel loads with what it depends on, and the devices have their drivers
# LABELS:
# REPEAT:
# TIMEOUT: 240
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

assemble_on_kernel test.yml
boot_timeout=200
boot_kernel --expect 'driver of eth0: virtio_net' --expect 'modules: judged' \
    --reject 'disagrees about version|Unknown symbol|Invalid module format|verification failed'
results_of 000-modules
