#!/bin/sh
# SUMMARY: Redis runs without privileges and in memory, and stops on request
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble test.yml
boot --expect '\[redis\] .*Ready to accept connections' \
    --expect '\[checks\] Uid:.*999.*999.*999.*999' \
    --expect '\[checks\] CapEff:.*0000000000000000' \
    --expect '\[checks\] OK' \
    --expect '\[checks\] value' \
    --expect '\[redis\] .*bye bye' \
    --expect 'services redis: exit 0'
