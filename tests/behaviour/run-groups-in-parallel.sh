#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# With many jobs: init of a group before and deinit after all its cases, nested groups inside their parents; cases do overlap.
. "$RTFX_SOURCE/tests/lib/cases.sh"
note='echo "$1 $(pwd | sed "s/.*cases//")" >>"$RT_RESULTS/order"'
group . 'NAME: top' <<SH
$note
SH
group 010_a <<SH
$note
SH
group 010_a/030_inner <<SH
$note
SH
for case in 010_a/010_x 010_a/020_y 010_a/030_inner/010_z 020_b; do
    test_case "$case" <<'SH'
echo "begin $(pwd | sed 's/.*cases//')" >>"$RT_RESULTS/order"
sleep 0.3
echo "end $(pwd | sed 's/.*cases//')" >>"$RT_RESULTS/order"
SH
done

expect_exit 0 timeout 60 "$RTFX" run -j 8
expect_summary passed 4
order=_results/latest/order
line() { # TEXT: its line number
    grep -nxF -e "$1" $order | cut -d: -f1
}
before() { # TEXT TEXT
    [ "$(line "$1")" -lt "$(line "$2")" ] || { cat $order >&2; fail "\"$1\" is not before \"$2\""; }
}
before 'init ' 'init /010_a'
before 'init /010_a' 'begin /010_a/010_x'
before 'init /010_a' 'init /010_a/030_inner'
before 'init /010_a/030_inner' 'begin /010_a/030_inner/010_z'
before 'end /010_a/030_inner/010_z' 'deinit /010_a/030_inner'
before 'deinit /010_a/030_inner' 'deinit /010_a'
before 'end /010_a/010_x' 'deinit /010_a'
before 'end /010_a/020_y' 'deinit /010_a'
before 'deinit /010_a' 'deinit '
before 'end /020_b' 'deinit '
before 'begin /020_b' 'end /010_a/010_x' # they ran at the same time
[ "$(wc -l <$order)" -eq 14 ] || fail "something ran twice or not at all"
