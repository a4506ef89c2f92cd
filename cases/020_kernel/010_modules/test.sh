#!/bin/sh
# SUMMARY: The kernel boots, its modules fit it, load on demand, and the devices have their drivers
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

case $RTFX_ARCH in
    amd64) machine=x86_64 ;;
    arm64) machine=aarch64 ;;
    *) machine=$RTFX_ARCH ;;
esac

assemble test.yml
boot --expect "Linux [0-9.]+[^ ]* $machine, 1 CPUs" \
    --expect '\[onboot 000-shows\] module virtio_net is live' \
    --expect '\[onboot 000-shows\] driver of eth0: virtio_net' \
    --expect '\[onboot 000-shows\] dummy loads and unloads' \
    --expect '\[onboot 000-shows\] every listed module loads' \
    --reject 'disagrees about version|Unknown symbol|Invalid module format|verification failed'
