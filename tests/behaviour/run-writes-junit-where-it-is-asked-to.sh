#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --junit FILE writes the same report to a place of one's own; a place that does not exist is told before anything runs.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_a
expect_exit 0 "$RTFX" run --junit here.xml
cmp here.xml _results/latest/junit.xml || fail "another report"
check_junit here.xml
expect_exit 2 "$RTFX" run --junit nowhere/at/all.xml
expect_output 'nowhere/at/all.xml'
expect_no_output PASS
