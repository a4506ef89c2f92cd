#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command lines that LinuxKit's Makefile and its developers type for rtf, with the flags before and after the command.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_a 'LABELS: slow' <<'SH'
echo out
echo err >&2
SH
passing_case 020_b

ran() { # NAMES
    [ "$(sed -n 's/^\[PASS    \] top\.\([^ ]*\) .*/\1/p' output | paste -sd' ')" = "$1" ] || { cat output >&2; fail "expected: $1"; }
}
expect_exit 0 "$RTFX" -l build,slow -v=2 run -x top -s 1/1
ran 'a b'
expect_output '^\[STDOUT  \] .*Z: out$'
expect_output '^\[STDERR  \] .*Z: \+ echo out$'
expect_exit 0 "$RTFX" -x -l slow run
ran 'a b'
expect_exit 0 "$RTFX" run top.a -l slow -v
ran a
expect_output 'STDERR.*: err$'
expect_no_output STDOUT
mv cases suites
expect_exit 0 "$RTFX" -c suites run -p --id mine
ran b
expect_exit 0 "$RTFX" run -c suites/ -e A=1 -e B=2 top.b
ran b
mkdir empty
(cd empty && expect_exit 4 "$RTFX" run && expect_output 'no test cases in')
expect_exit 2 "$RTFX" -c nowhere run
expect_exit 2 "$RTFX" runn
expect_output 'did you mean "rtfx run"'
