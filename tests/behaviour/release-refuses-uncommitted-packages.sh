#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A package with uncommitted changes is built and tested, but not published: its tag would not name its content.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
echo more >>pkg/two/content
expect_exit 1 "$RTFX" release
expect_output 'BLOCKS amd64 package demo/two:[0-9a-f]{40}-dirty-[0-9a-f]{7}: it has uncommitted changes'
[ ! -e _release/oci ] || fail "the target was made"
