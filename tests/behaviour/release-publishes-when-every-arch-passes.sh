#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A release whose cases pass publishes one index per package, with exactly the first-class arches, and the digests that
# the receipts name; the candidate is judged but not shipped.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project

expect_exit 0 "$RTFX" release
expect_output 'amd64 +first-class +2/2 +0/0 +2/2 +passes'
expect_output 'riscv64 +candidate +2/2 +0/0 +2/2 +ready'

[ "$(indexes | wc -l)" -eq 2 ] || fail "expected two indexes, got: $(indexes)"
for ref in $(indexes); do
    skopeo inspect --raw "oci:_release/oci:$ref" >index.json
    arches=$(grep -o '"architecture":"[^"]*"' index.json | cut -d'"' -f4 | sort | paste -sd' ')
    [ "$arches" = "amd64 arm64" ] || fail "$ref has $arches"
    for digest in $(grep -o '"digest":"[^"]*"' index.json | cut -d'"' -f4); do
        grep -q "$digest" _results/*/events.jsonl || fail "$ref ships $digest, which no result names"
        grep -q "$digest" _release/2*/release.json || fail "no receipt names $digest"
    done
    skopeo inspect --override-arch arm64 "oci:_release/oci:$ref-arm64" >/dev/null
done
grep -qE '"predicateType": ?"https://in-toto.io/attestation/test-result/v0.1"' _release/2*/statements/demo-one.test-result.json
