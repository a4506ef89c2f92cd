#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cases with one name in EXCLUSIVE never overlap, cases that take more cpus have them; others go on beside them.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
for n in 1 2 3; do
    test_case 010_disk$n 'EXCLUSIVE: disk, net' <<'SH'
mkdir "$RT_RESULTS/lock" || exit 1
sleep 0.2
rmdir "$RT_RESULTS/lock"
SH
done
test_case 020_wide 'RESOURCES: cpus=4 mem=1M' <<'SH'
touch "$RT_RESULTS/wide"
sleep 0.2
[ -z "$(ls "$RT_RESULTS" | grep '^small')" ] || exit 1
rm "$RT_RESULTS/wide"
SH
for n in 1 2 3 4 5 6; do
    test_case 030_small$n <<'SH'
[ ! -e "$RT_RESULTS/wide" ] || exit 1
touch "$RT_RESULTS/small.$RT_TEST_NAME"
sleep 0.1
rm "$RT_RESULTS/small.$RT_TEST_NAME"
SH
done

expect_exit 0 timeout 60 "$RTFX" run -j 4
expect_summary passed 10
expect_exit 0 timeout 60 "$RTFX" run # one after the other it is trivial
for header in 'RESOURCES: cpus=many' 'RESOURCES: mem=1X' 'RESOURCES: disks=2'; do
    passing_case 030_small1 "$header"
    expect_exit 2 "$RTFX" run
    expect_output '030_small1/test.sh:2: RESOURCES'
done
