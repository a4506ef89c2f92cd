#!/bin/sh
# SUMMARY: How long the kernel takes to start, and how much memory it leaves: for rtfx compare
# LABELS:
# REPEAT:
# TIMEOUT: 180
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

assemble_on_kernel test.yml
boot_kernel --expect 'Run /init as init process' --expect 'footprint: used [0-9]+ kB, kernel [0-9]+ kB'
started=$(sed -n 's/^\[ *\([0-9.]*\)\] Run \/init as init process.*/\1/p' "$RTFX_TMP/output")
[ -n "$started" ] || fail 'the kernel does not say when it started the first process'
echo "RT_BENCHMARK_RESULT: start $started s, $(sed -n 's/.*footprint: //p' "$RTFX_TMP/output")"
