#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# REPEAT: n runs a case n times as NAME.1 ... NAME.n, each with its own log; LABEL:n does so when the label is given.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_twice 'REPEAT: 2' <<'SH'
echo "this is $RT_TEST_NAME"
SH
test_case 020_often 'REPEAT: slow:3' <<'SH'
echo "this is $RT_TEST_NAME"
SH
test_case 030_empty 'REPEAT:' </dev/null
expect_exit 0 "$RTFX" run
expect_summary passed 4
for name in top.twice.1 top.twice.2 top.often; do
    [ "$(cat "_results/latest/$name.log")" = "this is $name" ] || fail "log of $name: $(cat "_results/latest/$name.log")"
done
expect_exit 0 "$RTFX" -l slow run top.often
expect_output '^\[PASS    \] top.often.3 '
printf '# REPEAT: often\n' >cases/030_empty/test.sh
expect_exit 2 "$RTFX" run
expect_output 'cases/030_empty/test.sh:1: REPEAT: "often"'
