#!/bin/sh
# SUMMARY: The kernel's own unit tests pass in the guest
# LABELS:
# REPEAT:
# TIMEOUT: 600
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

assemble_on_kernel test.yml
boot_timeout=500
boot_kernel --silence 120 --expect 'kunit: judged'
results_of 000-kunit
