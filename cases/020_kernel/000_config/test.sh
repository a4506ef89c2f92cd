#!/bin/sh
# SUMMARY: The kernel's configuration has what containers need
# LABELS:
# REPEAT:
# TIMEOUT: 60
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

assemble test.yml --format tar
config=$RTFX_TMP/config
in_tar containers/onboot/000-kernel/rootfs/kernel.config > "$config"
version=$(in_tar containers/onboot/000-kernel/rootfs/kernel.version)
tar --warning=no-unknown-keyword -tf "$RTFX_TMP/image.tar" | grep -qF "lib/modules/$version/modules.dep" || fail "no modules of $version"

missing=
for option in \
    NAMESPACES UTS_NS IPC_NS PID_NS NET_NS USER_NS CGROUPS CGROUP_PIDS CGROUP_FREEZER CGROUP_SCHED CPUSETS MEMCG CGROUP_BPF \
    SECCOMP SECCOMP_FILTER KEYS POSIX_MQUEUE SYSVIPC UNIX98_PTYS DEVTMPFS TMPFS OVERLAY_FS VETH BRIDGE PACKET UNIX INET IPV6 \
    VIRTIO_NET VIRTIO_BLK VIRTIO_CONSOLE HW_RANDOM_VIRTIO EXT4_FS SQUASHFS MODULES BLK_DEV_INITRD RD_GZIP RD_ZSTD \
    EPOLL SIGNALFD TIMERFD EVENTFD BINFMT_ELF BINFMT_SCRIPT; do
    grep -qE "^CONFIG_$option=[ym]\$" "$config" || missing="$missing $option"
done
[ -z "$missing" ] || fail "kernel $version lacks:$missing"
