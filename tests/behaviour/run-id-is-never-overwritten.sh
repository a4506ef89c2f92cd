#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two runs with one id: the earlier results are moved aside; latest follows runs without --id only, as in rtf.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_t
expect_exit 0 "$RTFX" run
latest=$(readlink _results/latest)
expect_exit 0 "$RTFX" run --id mine
expect_exit 0 "$RTFX" run --id mine
expect_output 'the earlier run mine is now .*_results/mine.1$'
[ -e _results/mine/junit.xml ] && [ -e _results/mine.1/junit.xml ] || fail "results"
[ "$(readlink _results/latest)" = "$latest" ] || fail "latest moved"
expect_exit 2 "$RTFX" run --id ../x
expect_exit 0 "$RTFX" run -r elsewhere
[ -e elsewhere/latest/SUMMARY.json ] || fail "-r"
