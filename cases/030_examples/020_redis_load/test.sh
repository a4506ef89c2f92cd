#!/bin/sh
# SUMMARY: examples/redis.yml keeps ten thousand keys that were written over the network
# LABELS: slow
# REPEAT:
# TIMEOUT: 240
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

keys=10000
assemble "$RTFX_PROJECT/examples/redis.yml"

awk -v n="$keys" 'BEGIN {
    for (i = 1; i <= n; i++) printf "SET key:%d value-%d\r\n", i, i * 7
    for (i = 1; i <= n; i += 100) printf "GET key:%d\r\n", i
    printf "DBSIZE\r\nQUIT\r\n"
}' > "$RTFX_TMP/commands"
awk -v n="$keys" 'BEGIN {
    for (i = 1; i <= n; i++) print "+OK"
    for (i = 1; i <= n; i += 100) { v = "value-" i * 7; printf "$%d\n%s\n", length(v), v }
    printf ":%d\n+OK\n", n
}' > "$RTFX_TMP/expected"

probe="'$RT_PROJECT_ROOT/_lib/redis' \"\$RTFX_PORT_6379\" < '$RTFX_TMP/commands' > '$RTFX_TMP/replies' &&
    cmp '$RTFX_TMP/replies' '$RTFX_TMP/expected'"
boot_timeout=180
boot --publish :6379 --expect 'Ready to accept connections' --probe "$probe"
