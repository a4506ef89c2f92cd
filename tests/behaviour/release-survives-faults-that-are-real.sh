#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The faults that publishing is tested with are what their names say, and what may not be left behind is found.
. "$RTFX_SOURCE/tests/lib/expect.sh"
expect_exit 0 python3 -B "$RTFX_SOURCE/tests/faults/self_test.py"
expect_output '^Ran [0-9]+ tests'
