#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where rtf is wrong, rtfx does what is meant and says so: once for each kind, on standard error, and not beside JSON.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_g/010_t 'LABELS: never, linux'
passing_case 010_g/020_t 'LABELS: linux' 'LABELS: other'
passing_case 020_g/010_t 'LABELS: linux ,other'
"$RTFX" list >listed 2>notes || fail "exit $?"
[ "$(wc -l <notes)" -eq 3 ] || fail "notes: $(cat notes)"
grep -q '^rtfx: note: .*/010_g/010_t/test.sh:2: LABELS: .* rtf takes " linux" for the label (and 1 more)$' notes || fail "$(cat notes)"
grep -q '^rtfx: note: .*/010_g/020_t/test.sh:3: a second LABELS line adds to the first; rtf refuses it$' notes || fail "$(cat notes)"
grep -q '^rtfx: note: .*/010_g/020_t/test.sh: is called top.g.020_t here, as .*/010_g/010_t/test.sh is called top.g.t already' notes || fail "$(cat notes)"
[ "$(grep -c '^Pass' listed)" -eq 3 ] || fail "$(cat listed)"
"$RTFX" list --json >listed 2>notes || fail "exit $?"
[ ! -s notes ] || fail "notes beside JSON: $(cat notes)"
expect_exit 0 "$RTFX" run
expect_summary passed 3
for name in top.g.t top.g.020_t top.g.010_t; do
    expect_exit 0 "$RTFX" run "$name"
    expect_summary passed 1
    [ -e "_results/latest/$name.log" ] || fail "no log of $name"
done
