#!/bin/sh
# SUMMARY: A release survives a fault at every request, once and for ever, and kill -9 anywhere
# LABELS: slow,!arm64,!s390x,!riscv64
# REPEAT:
# TIMEOUT: 3h
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

# Nothing here depends on the arch, so that one is enough. Every kind of fault at every request takes hours: by hand,
# tests/faults/sweep without --turns.
status=0
python3 "$RTFX_PROJECT/tests/faults/sweep" --turns --scratch "$RTFX_TMP" || status=$?
[ "$status" -ne 3 ] || exit "${RT_TEST_CANCEL:-253}"
exit "$status"
