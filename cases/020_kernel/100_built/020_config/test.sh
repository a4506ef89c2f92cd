#!/bin/sh
# SUMMARY: The kernel that runs has what a host of containers needs
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

assemble_on_kernel test.yml
boot_kernel --expect 'config: judged'
results_of 000-config
