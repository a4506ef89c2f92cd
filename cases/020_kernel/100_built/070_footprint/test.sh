#!/bin/sh
# SUMMARY: How long the kernel takes to start, and how much memory it leaves: for rtfx compare
# LABELS:
# REPEAT:
# TIMEOUT: 180
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

assemble_on_kernel test.yml
boot_kernel --expect 'footprint: uptime [0-9.]+ s, used [0-9]+ kB, kernel [0-9]+ kB'
echo "RT_BENCHMARK_RESULT: $(sed -n 's/.*footprint: //p' "$RTFX_TMP/output")"
