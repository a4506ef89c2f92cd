#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A passing case that leaves a process behind still passes; the process is ended and the leak is told.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_leaks <<'SH'
setsid sleep 33.5 >/dev/null 2>&1 &
SH
expect_exit 0 timeout 20 "$RTFX" run
expect_output '^\[PASS    \] top.leaks .*left processes behind'
[ -z "$(processes_with 'sleep 33[.]5')" ] || fail "the process is left"
[ "$(jq '.results[0].leaked' _results/latest/SUMMARY.json)" = true ] || fail "not in SUMMARY.json"
