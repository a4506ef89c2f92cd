#!/bin/sh
# SUMMARY: Kernels from source: what is in them, and how they behave
# LABELS: slow
# VARIANTS: 6.12 6.12-firecracker=!s390x,!riscv64 6.12-cloud-hypervisor=!s390x,!riscv64
# VARIANTS: 6.1=!arm64,!s390x,!riscv64
# TIMEOUT: 3h
# INPUTS: ../../_lib/*.sh, /kernel, /pkg, /examples
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

[ "$1" = init ] || exit 0
cd "$RTFX_PROJECT"
"$RTFX" kernel build --arch "$RTFX_ARCH" --series "$series" --flavour "$flavour"
