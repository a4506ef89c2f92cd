#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rtfx doctor: exit 0 only where the main job can run, 3 with the packages to install otherwise.
. "$RTFX_SOURCE/tests/lib/guests.sh"
code=0
"$RTFX" doctor --json >json || code=$?
case $code in
    0) jq -e '.ready and all(.checks[]; .status != "missing" or (.needed | not))' json >/dev/null || fail 'ready, and something is missing' ;;
    3) jq -e '(.ready | not) and any(.checks[]; .status == "missing" and .needed)' json >/dev/null || fail 'not ready, and nothing is missing' ;;
    *) fail "exit $code" ;;
esac
jq -e '[.checks[].name] | contains(["buildah", "skopeo", "qemu-system-s390x", "builder", "kvm", "disk"])' json >/dev/null ||
    { cat json >&2; fail 'a check is missing'; }

mkdir bin && ln -s "$(command -v sh)" bin/sh
PATH=$PWD/bin expect_exit 3 "$RTFX" doctor
expect_output '^missing +skopeo +not installed: apt-get install skopeo$'
expect_output '^missing +qemu-system-aarch64 +not installed: apt-get install qemu-system-arm$'
expect_output '^The main job cannot run here: .*skopeo'
expect_no_output 'gcc'
expect_exit 2 "$RTFX" doctor more

# A project with kernels is told what compiles them, each program once; a release may do without.
mkdir -p kernel/6.12
echo 'version: "6.12"' >kernel/6.12/kernel.yml
printf 'org: demo\nkernels: [kernel/*]\narches: {amd64: {stage: first-class}, arm64: {stage: first-class}, s390x: {stage: first-class}}\n' >rtfx.yml
PATH=$PWD/bin expect_exit 3 "$RTFX" doctor
expect_output '^missing +bison +not installed; only kernels from source need it: apt-get install bison$'
expect_output '^missing +s390x-linux-gnu-gcc +not installed; .*: apt-get install gcc-s390x-linux-gnu$'
[ "$(grep -cE '^missing +make ' output)" -eq 1 ] || fail "$(cat output)"
expect_output '^The main job cannot run here: .*skopeo'
expect_no_output '^The main job cannot run here: .*bison'
