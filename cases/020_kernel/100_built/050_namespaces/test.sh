#!/bin/sh
# SUMMARY: Streams and datagrams get through between network namespaces, whole, one and many, and nowhere else
# LABELS:
# REPEAT:
# TIMEOUT: 600
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

assemble_on_kernel test.yml
boot_timeout=540
boot_kernel --silence 120 --expect 'namespaces: judged'
results_of 000-namespaces
