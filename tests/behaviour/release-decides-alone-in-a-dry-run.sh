#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --dry-run does everything but write to the target, and leaves nothing that could be published later.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
expect_exit 0 "$RTFX" release --dry-run
expect_output 'dry run: every first-class arch passes; nothing was published'
[ ! -e _release/oci ] || fail "the target was made"
decided=$(echo _release/2*)
for file in plan.json verdict.json verdict.txt excuses.json excuses.html; do
    [ -s "$decided/$file" ] || fail "$file is missing"
done
grep -qE '^  arm64 +ships: built, and 2 of 2 cases count as passed$' _release/2*/verdict.txt || fail "$(cat _release/2*/verdict.txt)"
xmllint --html --noout _release/2*/excuses.html 2>errors || fail "the page is no HTML: $(cat errors)"
! "$RTFX" release publish >output 2>&1 || fail "a dry run was published"
[ ! -e _release/oci ] || fail "the target was made"

test_case 010_ok/020_second 'test "$RTFX_ARCH" != arm64'
commit "fails on arm64"
expect_exit 1 "$RTFX" -v release --dry-run
expect_output '^  amd64 +stays: amd64 passes, but waits for arm64 \(case demo.ok.second\)$'
expect_output '^  arm64 +stays: blocked by case demo.ok.second \(fail: exit 1\)$'
"$RTFX" release --dry-run --json >verdict.json 2>output || :
jq -e '.ships == false and .arches[1].blockers[0].result == "fail"' verdict.json >/dev/null || fail "$(cat verdict.json)"
