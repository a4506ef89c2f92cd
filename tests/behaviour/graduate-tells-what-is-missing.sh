#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# graduate answers every requirement from evidence; without a run they are unknown, never met; exit 1 unless ready.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
expect_exit 1 "$RTFX" graduate riscv64
expect_output 'unknown +The library of packages can be built'
expect_output 'not met +There is documentation'
expect_output 'riscv64: .* not ready'

expect_exit 0 "$RTFX" release --dry-run
expect_exit 1 "$RTFX" graduate riscv64
expect_output '  met +The library of packages can be built'
expect_output '2 of 2 packages'
expect_exit 1 "$RTFX" graduate riscv64 --json
expect_output '"ready": false'
expect_exit 4 "$RTFX" graduate s390x
expect_output 'not in rtfx.yml'
