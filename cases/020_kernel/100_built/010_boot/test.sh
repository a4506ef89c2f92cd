#!/bin/sh
# SUMMARY: Every example boots on the kernel
# LABELS:
# REPEAT:
# TIMEOUT: 300
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

for example in "$RTFX_PROJECT"/examples/*.yml; do
    echo "--- $example"
    assemble_on_kernel "$example"
    boot_kernel --expect "Linux version $series" --expect 'boot complete after'
done
