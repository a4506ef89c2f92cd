#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --arch A,B runs every case once per arch, groups too; logs, results and lines tell which.
. "$RTFX_SOURCE/tests/lib/cases.sh"
group . 'NAME: top' <<'SH'
echo "$1 $RTFX_ARCH $(echo ":$RT_LABELS:" | grep -o ":$RTFX_ARCH:")" >>"$RT_RESULTS/groups"
SH
test_case 010_arch <<'SH'
[ "$RTFX_ARCH" != s390x ] || { echo 'big-endian' >&2; exit 1; }
SH
passing_case 020_only 'LABELS: arm64'

expect_exit 1 "$RTFX" --arch arm64,s390x run
expect_output '^\[PASS    \] top.arch \(arm64\) '
expect_output '^\[FAIL    \] top.arch \(s390x\) '
expect_output '^ +exit 1: big-endian'
expect_output '^\[SKIP    \] top.only \(s390x\) .*not for s390x'
printf '%s\n' 'init arm64 :arm64:' 'deinit arm64 :arm64:' 'init s390x :s390x:' 'deinit s390x :s390x:' >wanted
expect_same 'groups' wanted _results/latest/groups
[ -e _results/latest/top.arch.arm64.log ] && [ -e _results/latest/top.arch.s390x.log ] || fail "logs"
[ "$(xmllint --xpath 'count(//testsuite)' _results/latest/junit.xml)" -eq 2 ] || fail "suites"
check_junit _results/latest/junit.xml
expect_exit 0 "$RTFX" list --arch arm64,s390x
expect_output '^Pass	top.only	arm64	arm64$'
expect_output '^Skip	top.only	s390x	arm64$'
