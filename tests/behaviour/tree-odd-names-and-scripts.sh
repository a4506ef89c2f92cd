#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Blanks, newlines, UTF-8 and other bytes in names of directories; scripts with DOS line ends, or that nobody may
# execute; links in circles: all of it is listed in one line each, and run.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
newline='
'
invalid=$(printf 'x\377y')
passing_case '010_with blank'
passing_case '020_größe 日本'
passing_case "030_new${newline}line"
passing_case "040_$invalid"
passing_case '050_$(touch hurt)`touch hurt`;"'"'*"
passing_case 060_plain/test.sh-is-a-file
chmod 644 cases/060_plain/test.sh-is-a-file/test.sh
ln -s .. cases/060_plain/loop
ln -s loop cases/loop
printf '#!/bin/sh\r\n# SUMMARY: dos\r\n# LABELS: linux\r\n' >dos
passing_case 070_dos
cp dos cases/070_dos/test.sh

"$RTFX" list >listed 2>notes || fail "exit $?"
[ "$(wc -l <listed)" -eq 8 ] || fail "not one line each: $(cat listed)"
[ ! -s notes ] || fail "$(cat notes)"
iconv -f utf-8 -t utf-8 listed >/dev/null || fail "not UTF-8"
grep -qF 'top.new\x0aline' listed || fail "newline: $(cat listed)"
grep -qF 'top.x\xffy' listed || fail "other bytes: $(cat listed)"
"$RTFX" info | grep -q "^top.dos	*dos$" || fail "a header with a DOS line end"
rm -r cases/070_dos
"$RTFX" run >output 2>&1 || { cat output >&2; fail "exit $?"; }
expect_summary passed 6
[ -z "$(find . -name hurt)" ] || fail "a name was executed"
expect_exit 0 "$RTFX" run 'top.new\x0aline'
expect_summary passed 1
