#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --json: standard output is the verdict and nothing else, whether it ships or not.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
"$RTFX" release --json >verdict.json 2>output || { cat output >&2; fail "the release failed"; }
[ "$(jq -r '.ships, .arches[1].arch, .arches[1].met.case.met' verdict.json | paste -sd' ')" = "true arm64 2" ] || fail "$(cat verdict.json)"

test_case 010_ok/020_second 'test "$RTFX_ARCH" != arm64'
commit "fails on arm64"
! "$RTFX" release --json >verdict.json 2>output || fail "the verdict passes"
[ "$(jq -r '.arches[1].blockers[0].name' verdict.json)" = demo.ok.second ] || fail "$(cat verdict.json)"
