#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A failing init makes the cases of its group errors; its deinit runs, and so does the rest.
. "$RTFX_SOURCE/tests/lib/cases.sh"
group . 'NAME: top' <<'SH'
echo "$1" >>"$RT_RESULTS/top"
SH
group 010_broken <<'SH'
echo "$1" >>"$RT_RESULTS/broken"
[ "$1" = deinit ] || { echo 'no disk' >&2; exit 5; }
SH
passing_case 010_broken/010_x
group 010_broken/020_inner <<'SH'
touch "$RT_RESULTS/inner"
SH
passing_case 010_broken/020_inner/010_y
passing_case 020_after
group 030_messy <<'SH'
[ "$1" = init ]
SH
passing_case 030_messy/010_z

for jobs in 1 4; do
    expect_exit 1 timeout 30 "$RTFX" run -j "$jobs"
    expect_output '^\[ERROR   \] top.broken.x '
    expect_output '^\[ERROR   \] top.broken.inner.y '
    expect_output '^ +init of the group top.broken failed: exit 5: no disk'
    expect_output '^\[PASS    \] top.after '
    expect_output '^\[FAIL    \] top.messy::deinit '
    printf 'init\ndeinit\n' >wanted
    expect_same "the group's own scripts" wanted _results/latest/broken
    expect_same "the top group's scripts" wanted _results/latest/top
    [ ! -e _results/latest/inner ] || fail "the inner group was started"
    expect_summary passed 2
    expect_summary errored 2
    check_junit _results/latest/junit.xml
done
rm -r cases/010_broken cases/020_after
expect_exit 1 "$RTFX" run # a failing deinit alone
