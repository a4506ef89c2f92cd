#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# While a release tests, rtfx build takes exactly the images that will be published.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir files && echo one >files/init
digest=$(image org/init:1 amd64 files)
echo 'init: [org/init:1]' >x.yml
build() {
    "$RTFX" build --arch amd64 x.yml
}
subject() { # NAME ARCH DIGEST
    printf '{"name": "%s", "arch": "%s", "digest": "%s"}\n' "$1" "$2" "$3"
}
zeros=sha256:0000000000000000000000000000000000000000000000000000000000000000

expect_exit 0 build
export RTFX_SUBJECTS="$PWD/subjects"
subject org/init:1 amd64 "$digest" >subjects
expect_exit 0 build
subject org/other:1 amd64 $zeros >>subjects
subject org/init:2 arm64 $zeros >>subjects
expect_exit 0 build

rm x-initrd.img
subject org/init:1 amd64 $zeros >subjects
expect_exit 1 build
expect_output "org/init:1 is $digest in the content store, but $zeros is what .*/subjects says is tested"
subject org/init:2 amd64 "$digest" >subjects
expect_exit 1 build
expect_output 'org/init:1 is not what is tested: .*/subjects lists org/init:2'
echo '{"name": "org/init:1"}' >subjects
expect_exit 2 build
expect_output 'subjects:1: expected'
[ ! -e x-initrd.img ] || fail 'an image was assembled all the same'
