#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Labels as rtf knows them: one of a case's labels must be given, none of its !labels, also of its groups.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_plain
passing_case 020_any 'LABELS: one, two'
passing_case 030_not 'LABELS: !one'
passing_case 040_linux 'LABELS: linux'
group 050_group 'LABELS: three' </dev/null
passing_case 050_group/010_member
passing_case 050_group/020_own 'LABELS: four'
passing_case 060_foreign 'LABELS: arm64, s390x'

passed() { # LABELS ARCH
    "$RTFX" -l "$1" --arch "$2" run >output 2>&1 || { cat output >&2; fail "exit $?"; }
    sed -n 's/^\[PASS    \] top\.\([^ ]*\) .*/\1/p' output | paste -sd' '
}
[ "$(passed '' amd64)" = 'plain not linux' ] || fail "without labels: $(cat output)"
[ "$(passed 'two' amd64)" = 'plain any not linux' ] || fail "one of two labels: $(cat output)"
[ "$(passed ' one , three' amd64)" = 'plain any linux group.member group.own' ] || fail "group: $(cat output)"
[ "$(passed 'three,!four' amd64)" = 'plain not linux group.member' ] || fail "left out: $(cat output)"
[ "$(passed '' s390x)" = 'plain not linux foreign' ] || fail "other arch: $(cat output)"

expect_exit 4 "$RTFX" -l thre run
expect_output 'no case has the label "thre"; did you mean "three"'
expect_exit 0 "$RTFX" -l unheard-of run
expect_output 'note: no case asks for the label "unheard-of"'
expect_exit 4 "$RTFX" --arch amd46 run
expect_output 'amd64'
