#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Publishing the same release again writes nothing, though ECDSA signatures are never the same; statements have no time.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"
. "$RTFX_SOURCE/tests/lib/signing.sh"
start_registry
make_project
make_keys >/dev/null 2>&1
printf '*.pem\n*.pub\n' >>.gitignore
commit "keys are not for git"

expect_exit 0 "$RTFX" release --to "$registry/x" --key ours.pem
bytes_of "$registry_data" >before
expect_exit 0 "$RTFX" release publish "$(basename "$(ls -td _release/*/ | head -n 1)")" --to "$registry/x" --key ours.pem
expect_output 'nothing to do'
bytes_of "$registry_data" | cmp - before || fail "something was written twice"

# Ed25519 signs the same bytes the same way: two layouts are alike.
for layout in first second; do expect_exit 0 "$RTFX" release --to "oci:$PWD/_release/$layout" --key other.pem; done
for layout in first second; do (cd "_release/$layout/blobs" && find . -type f | sort) >"_release/$layout.list"; done
cmp _release/first.list _release/second.list || fail "the same release has other bytes"
