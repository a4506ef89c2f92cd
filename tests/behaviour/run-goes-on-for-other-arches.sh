#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A package that cannot be built for one arch: its cases are errors that say so, those for the others run.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
package three 'ARG TARGETARCH' 'COPY only-for-$TARGETARCH /'
echo x >pkg/three/only-for-amd64
commit "three is not for arm64"

expect_exit 1 "$RTFX" --arch amd64,arm64 run demo.ok
expect_output '^rtfx: .*demo/three'
expect_output 'the whole log is .*demo_three-arm64.log'
expect_output '^rtfx: no case can run for arm64; those for other architectures do$'
expect_output '^\[PASS    \] demo.ok.first \(amd64\)'
expect_output '^\[ERROR   \] demo.ok.first \(arm64\)'
expect_output 'demo/three:[0-9a-f]* could not be built for arm64'
[ "$(jq -c '[.passed, .errored, .failed]' _results/latest/SUMMARY.json)" = "[2,2,0]" ] ||
    fail "counts: $(cat _results/latest/SUMMARY.json)"
[ "$(xmllint --xpath 'count(//error)' _results/latest/junit.xml)" -eq 2 ] || fail "JUnit has other errors"
xmllint --xpath '//error/@message' _results/latest/junit.xml | grep -q 'could not be built for arm64' ||
    fail "JUnit does not say why"

# Nothing of it is remembered as a pass.
expect_exit 1 "$RTFX" --arch amd64,arm64 run --cached demo.ok
[ "$(jq .errored _results/latest/SUMMARY.json)" = 2 ] || fail "an error was not one again"

# Where no arch is left, nothing is run.
last=$(readlink _results/latest)
expect_exit 1 "$RTFX" --arch arm64 run demo.ok
expect_output 'rtfx run --no-build leaves the packages alone'
[ "$(readlink _results/latest)" = "$last" ] || fail "a run without any arch left results"
expect_exit 0 "$RTFX" --arch arm64 run --no-build demo.ok

echo x >pkg/three/only-for-arm64
commit "three is for arm64"
expect_exit 0 "$RTFX" --arch amd64,arm64 run demo.ok
