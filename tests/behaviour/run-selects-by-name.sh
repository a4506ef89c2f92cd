#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A full name means exactly that case or group; anything else is the start of names.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_foo/010_bar
passing_case 010_foo/020_bar_baz
mkdir -p cases/020_foobar
passing_case 020_foobar/010_x

names() { # PATTERN...
    "$RTFX" run "$@" >output 2>&1 || { cat output >&2; fail "exit $?"; }
    sed -n 's/^\[PASS    \] top\.\([^ ]*\) .*/\1/p' output | paste -sd' '
}
# A directory "020_bar_baz" is the case "bar_baz".
[ "$(names)" = 'foo.bar foo.bar_baz foobar.x' ] || fail "all: $(cat output)"
[ "$(names top)" = 'foo.bar foo.bar_baz foobar.x' ] || fail "top: $(cat output)"
[ "$(names top.foo)" = 'foo.bar foo.bar_baz' ] || fail "group: $(cat output)"
[ "$(names top.foo.bar)" = 'foo.bar' ] || fail "case: $(cat output)"
[ "$(names top.foo.bar_)" = 'foo.bar_baz' ] || fail "prefix: $(cat output)"
[ "$(names top.fo)" = 'foo.bar foo.bar_baz foobar.x' ] || fail "prefix of groups: $(cat output)"
[ "$(names top.foobar top.foo.bar)" = 'foo.bar foobar.x' ] || fail "two patterns: $(cat output)"
