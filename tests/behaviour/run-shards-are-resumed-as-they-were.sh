#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A part that was divided by hash or duration and interrupted goes on with the same cases.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
for i in 1 2 3 4 5 6 7 8; do
    test_case "0${i}0_t$i" <<'END'
echo "$RT_TEST_NAME" >>"$RT_PROJECT_ROOT/../ran"
[ ! -e "$RT_PROJECT_ROOT/../hang" ] || sleep 1000
END
done
"$RTFX" list -s 2/2 --shard-by hash | sed -n 's/^Pass\t\([^\t]*\).*/\1/p' >wanted
[ "$(wc -l <wanted)" -ge 2 ] || fail "too few cases in the part"

touch hang
"$RTFX" run --id part -s 2/2 --shard-by hash >output 2>&1 &
pid=$!
wait_for test -s ran
kill -INT "$pid"
wait "$pid" || :
rm hang ran
expect_exit 0 "$RTFX" run --resume part
sort ran >resumed
sort wanted >sorted
expect_same 'what is resumed' sorted resumed
