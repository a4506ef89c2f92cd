#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A waiver has a case, an arch, a reason, an author and an end; expired and needless ones are told.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
test_case 010_ok/020_second 'test "$RTFX_ARCH" != arm64'
commit "fails on arm64"
release="$RTFX release --dry-run"

waive() { # CASE ARCH EXPIRES
    printf -- '- case: "%s"\n  arch: %s\n  reason: the board is broken\n  author: Ann <ann@example.org>\n  expires: %s\n' "$1" "$2" "$3" >waivers.yml
}

waive demo.ok.second arm64 2999-12-31
expect_exit 0 $release
expect_output 'arm64 +first-class +2/2 +0/0 +2/2 +passes'
expect_output 'waived arm64 case demo.ok.second: fail: exit 1; waived by Ann <ann@example.org> until 2999-12-31: the board is broken'
grep -q 'ships: built, .*demo.ok.second (fail: exit 1; waived by Ann' _release/*/verdict.txt || fail "no excuse tells of the waiver"

waive demo.ok.second amd64 2999-12-31
expect_exit 1 $release
expect_output 'BLOCKS arm64 case demo.ok.second: fail: exit 1$'
expect_output 'note   waivers.yml:1: the waiver of demo.ok.second by Ann <ann@example.org> was not needed'

waive demo.ok.second all 2000-01-31
expect_exit 1 $release
expect_output 'waivers.yml:1: the waiver of demo.ok.second .* expired on 2000-01-31; a result that it named did not pass'

waive 'demo.no*' all 2999-12-31
expect_exit 1 $release
expect_output 'the waiver of demo.no\* .* names no case that the gate asks for'

# Wrong waivers are wrong input: nothing starts.
rm -r _results
waive demo.ok.second arm46 2999-13-31
expect_exit 2 $release
expect_output 'waivers.yml:2: arch: the project has no arch "arm46"; did you mean "arm64"\?'
expect_output 'waivers.yml:5: expires: expected a date, YYYY-MM-DD, got "2999-13-31"'
printf -- '- case: demo.ok\n  arch: all\n  reason: r\n  expires: 2999-12-31\n  autor: Ann\n' >waivers.yml
expect_exit 2 $release
expect_output 'unknown key "autor"; did you mean "author"\?'
rm waivers.yml
expect_exit 2 $release --waivers nothing.yml
expect_output '\-\-waivers: .*nothing.yml: No such file'
[ ! -e _results ] || fail "something was run"

# A package can be waived by nobody.
waive '*' all 2999-12-31
echo more >>pkg/two/content
expect_exit 1 $release
expect_output 'BLOCKS amd64 package demo/two:.*: it has uncommitted changes'
