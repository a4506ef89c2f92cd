#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --regress: what failed in the last released state does not block again; what passed there, or was not there, does.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
expect_exit 2 "$RTFX" release --regress
expect_output 'there is no released state to compare with: .*name a folder \(--regress=FOLDER\), or release once'
[ ! -e _results ] || fail "something was run"

test_case 010_ok/020_second 'test "$RTFX_ARCH" != arm64'
printf -- '- {case: demo.ok.second, arch: arm64, reason: known, author: Ann, expires: 2999-12-31}\n' >waivers.yml
commit "fails on arm64, and that is waived"
expect_exit 0 "$RTFX" release
released=$(basename _release/2*)

# The waiver is gone, the failure is not.
rm waivers.yml
commit "no waivers"
expect_exit 1 "$RTFX" release --dry-run
expect_exit 0 "$RTFX" release --dry-run --regress
expect_output 'known  arm64 case demo.ok.second: fail: exit 1; the released state has this too'
expect_output "note   --regress compares with release $released"

# Something else fails too: it passed there.
test_case 010_ok/010_first 'test "$RTFX_ARCH" != amd64'
commit "fails on amd64 now"
expect_exit 1 "$RTFX" release --dry-run --regress
expect_output 'BLOCKS amd64 case demo.ok.first: fail: exit 1 \(in the released state: pass\)'
expect_no_output 'BLOCKS arm64'

# A new case has no past.
test_case 010_ok/010_first 'exit 0'
test_case 010_ok/030_new 'exit 1'
commit "a new case that fails"
expect_exit 1 "$RTFX" release --dry-run --regress
expect_output 'BLOCKS arm64 case demo.ok.new: fail: exit 1 \(no result in the released state\)'

# The folder of a run or of a release, by name.
run=$(ls -d _results/2* | tail -n 1)
expect_exit 0 "$RTFX" release --dry-run --regress="$run"
expect_output "note   --regress compares with the run $run"
expect_exit 1 "$RTFX" release --dry-run --regress="_release/$released"
expect_exit 2 "$RTFX" release --dry-run --regress=pkg
expect_output 'pkg is neither the folder of a release'

# Without _release, the target remembers what did not pass.
mv "_release/$released" ..
rm -r cases/010_ok/030_new
commit "without the new case"
expect_exit 0 "$RTFX" release --dry-run --regress
expect_output 'note   --regress compares with the release record of oci:'
