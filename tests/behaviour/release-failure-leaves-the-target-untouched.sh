#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whatever keeps one first-class arch from passing, the target stays byte for byte as it was, and the report says why.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
expect_exit 0 "$RTFX" release
before=$(bytes_of _release/oci)

# New content, so that there would be something to publish.
echo changed >pkg/one/content

test_case 010_ok/020_second 'test "$RTFX_ARCH" != arm64'
commit "a case that fails on arm64"
expect_exit 1 "$RTFX" release
expect_output 'BLOCKS arm64 case demo.ok.second: fail: exit 1'
expect_output 'nothing was published'
[ "$(bytes_of _release/oci)" = "$before" ] || fail "a failed case changed the target"

test_case 010_ok/020_second 'test "$RTFX_ARCH" != arm64 || exit 253'
commit "a case that is cancelled on arm64"
expect_exit 1 "$RTFX" release
expect_output 'BLOCKS arm64 case demo.ok.second: cancel'
[ "$(bytes_of _release/oci)" = "$before" ] || fail "a cancelled case changed the target"

test_case 010_ok/020_second 'exit 0'
sed -i 's/^# SUMMARY.*/&\n# LABELS: disabled/' cases/010_ok/020_second/test.sh
commit "a required case that is not run"
expect_exit 1 "$RTFX" release
expect_output 'BLOCKS arm64 case demo.ok.second: skip'
[ "$(bytes_of _release/oci)" = "$before" ] || fail "a skipped case changed the target"

test_case 010_ok/020_second 'exit 0'
printf 'FROM scratch\nARG TARGETARCH\nCOPY content-$TARGETARCH /one\n' >pkg/one/Dockerfile
touch pkg/one/content-amd64 pkg/one/content-riscv64
commit "a package that does not build for arm64"
expect_exit 1 "$RTFX" release
expect_output 'BLOCKS arm64 package demo/one:[0-9a-f]{40}: fail'
expect_output 'BLOCKS arm64 case demo.ok.first: error: not run: demo/one:.* was not built'
expect_output 'amd64 +first-class +2/2 +0/0 +2/2 +passes'
[ "$(bytes_of _release/oci)" = "$before" ] || fail "a failed build changed the target"
