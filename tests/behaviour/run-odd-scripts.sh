#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# CRLF files, scripts that are not executable, names with blanks, newlines and UTF-8, a case whose directory disappears
# during the run: a clear line each, and the other cases are run.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
mkdir -p cases/010_crlf
printf '#!/bin/sh\r\nset -e\r\ntrue\r\n' >cases/010_crlf/test.sh
passing_case 020_plain
chmod 644 cases/020_plain/test.sh
passing_case '030_a name'
passing_case "040_new
line"
passing_case 050_grüße
test_case 060_remover <<'SH'
rm -r "$RT_PROJECT_ROOT/070_victim"
SH
passing_case 070_victim
test_case 080_script_goes <<'SH'
rm "$RT_PROJECT_ROOT/090_empty/test.sh"
SH
passing_case 090_empty

expect_exit 1 "$RTFX" run
expect_output '^\[FAIL    \] top.crlf '
expect_output 'test.sh has CRLF line ends, which sh does not understand'
expect_output '^\[PASS    \] top.a name '
expect_output '^\[PASS    \] top.new\\x0aline '
expect_output '^\[PASS    \] top.grüße '
expect_output '^\[ERROR   \] top.victim '
expect_output 'cannot run .* in .*cases/070_victim: No such file or directory'
expect_output '^\[ERROR   \] top.empty '
expect_output '090_empty/test.sh cannot be read any more'
expect_summary passed 6
expect_summary failed 1
expect_summary errored 2
check_junit _results/latest/junit.xml
