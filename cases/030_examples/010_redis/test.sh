#!/bin/sh
# SUMMARY: examples/redis.yml answers PING from outside of the machine
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble "$RTFX_PROJECT/examples/redis.yml"
probe="printf 'PING\r\nSET greeting hello\r\nGET greeting\r\nQUIT\r\n' | '$RT_PROJECT_ROOT/_lib/redis' \"\$RTFX_PORT_6379\" |
    tr '\n' ' ' | grep -F '+PONG +OK \$5 hello +OK'"
boot --publish :6379 --expect 'Welcome to LinuxKit' --expect 'Ready to accept connections' --probe "$probe" \
    --reject 'exit [1-9]'
