#!/bin/sh
# SUMMARY: Nothing listens that nobody started, the kernel is hardened, and its mitigations are reported
# LABELS:
# REPEAT:
# TIMEOUT: 180
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

assemble_on_kernel test.yml
boot_kernel --expect 'security: judged'
results_of 000-security
sed -n 's/.*\[onboot 000-security\] mitigation: //p' "$RTFX_TMP/output"
