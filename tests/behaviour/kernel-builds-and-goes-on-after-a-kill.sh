#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rtfx kernel list, config and build with a source that compiles in a second: what comes out is images with their files,
# nothing is built twice, a killed build goes on where it was, and two builds have one digest.
set -eu
. "$RTFX_SOURCE/tests/lib/expect.sh"
. "$RTFX_SOURCE/tests/lib/small_linux.sh"
export RTFX_CACHE="$PWD/_cache"
small_linux
hash=$("$RTFX" kernel list --json | jq -r '.[0].image' | sed 's/.*:6.12-//')
[ "$("$RTFX" kernel list --json | jq -r '.[].image' | tr '\n' ' ')" = "demo/kernel:6.12-$hash demo/kernel:6.12-tiny-$hash " ] ||
    fail "$("$RTFX" kernel list)"

expect_exit 0 "$RTFX" kernel config --flavour qemu
expect_output '^CONFIG_qemu=y$'
expect_exit 0 "$RTFX" kernel config
expect_output '^OPTION'
expect_output '^tiny	*-	*y'

[ -f "$("$RTFX" kernel source)/init/main.c" ] || fail 'there is no source where it should be'

expect_exit 0 "$RTFX" kernel build --arch amd64 --flavour qemu
for image in kernel kernel-bin kernel-modules; do
    expect_output "^demo/$image:6\\.12-$hash amd64 built in .* sha256:"
done
expect_exit 0 "$RTFX" kernel list
expect_output '^6\.12.*qemu.*amd64	*amd64	*demo/kernel:6'
expect_output '^6\.12.*tiny.*amd64	*-	*demo/kernel:6'
files() { # IMAGE
    "$RTFX" cache export --format oci --platform linux/amd64 --outfile image.tar "demo/$1:6.12-$hash" >/dev/null 2>&1
    rm -rf image && mkdir image && tar -C image -xf image.tar
    for blob in image/blobs/sha256/*; do tar -tzf "$blob" 2>/dev/null || :; done
}
[ "$(files kernel | tr '\n' ' ')" = 'kernel kernel-dev.tar kernel.tar ' ] || fail "$(files kernel)"
# What modules are built against names no folder of the host, neither as text nor in what compilers note in programs.
for blob in image/blobs/sha256/*; do tar -xzOf "$blob" kernel-dev.tar >dev.tar 2>/dev/null && break; done
[ "$(tar -xOf dev.tar usr/src/linux-headers-6.12.9/include/generated/where.h)" = \
    '/* init/gen.c wrote include/generated/where.h */' ] || fail "$(tar -xOf dev.tar usr/src/linux-headers-6.12.9/include/generated/where.h)"
tar -xf dev.tar usr/src/linux-headers-6.12.9/scripts/basic/fixdep
./usr/src/linux-headers-6.12.9/scripts/basic/fixdep || fail 'a program does not run'
! grep -aq "$PWD" dev.tar || fail 'a program names folders of this host'
[ "$(files kernel-bin | tr '\n' ' ')" = 'boot/ boot/image ' ] || fail "$(files kernel-bin)"
files kernel-modules | grep -qx 'lib/modules/6.12.9/a.ko' || fail "$(files kernel-modules)"

# What is in the store is not looked at again, what is compiled is not compiled again, and a configuration that was shown
# is the one that is compiled.
compiled() { cat _cache/kernels/build/6.12-amd64-*/objects/compiled | wc -l; }
configured() { cat _cache/kernels/build/6.12-amd64-*/qemu/configured | wc -l; }
[ "$(configured)" -eq 1 ] || fail "configured $(configured) times"
expect_exit 0 "$RTFX" kernel build --arch amd64 --flavour qemu
expect_output "^demo/kernel:6\\.12-$hash amd64 cached"
echo CONFIG_MORE=y >>kernel/config/qemu.config
git commit -q -a -m more
expect_exit 0 "$RTFX" kernel build --arch amd64 --flavour qemu
expect_output '^demo/kernel:6\.12-.* built in'
[ "$(compiled)" -eq 1 ] || fail "compiled $(compiled) times"
[ "$(configured)" -eq 2 ] || fail "configured $(configured) times"
"$RTFX" kernel config --flavour qemu | grep -qx CONFIG_MORE=y || fail 'the old configuration is shown'

# Killed in the middle: nothing is half there, and the next build goes on.
printf '#!/bin/sh\ntouch %s/slow\nsleep 60\n' "$PWD" >slow-gcc
chmod +x slow-gcc
mkdir bin && ln -s ../slow-gcc bin/objcopy
PATH=$PWD/bin:$PATH "$RTFX" kernel build --arch amd64 --flavour tiny >killed.log 2>&1 &
pid=$!
tries=0
until [ -e slow ] || [ "$tries" -gt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
[ -e slow ] || fail "the build did not come to objcopy: $(cat killed.log)"
kill -9 "$pid"
wait "$pid" || :
! "$RTFX" cache ls | grep -q 6.12-tiny || fail 'an image of a killed build is in the cache'
# Another flavour compiles what its options change.
[ "$(compiled)" -eq 2 ] || fail "compiled $(compiled) times"
expect_exit 0 "$RTFX" kernel build --arch amd64 --flavour tiny || fail "$(cat output)"
expect_output '^demo/kernel:6\.12-tiny-.* built in'
[ "$(compiled)" -eq 2 ] || fail 'it began anew'

# All three images are compared with one second compilation.
expect_exit 0 "$RTFX" kernel build --arch amd64 --flavour qemu --check-reproducible
[ "$(wc -l <_cache/kernels/compilations)" -eq 1 ] || fail "compiled afresh: $(cat _cache/kernels/compilations)"
# A source that puts something of its own into each build is found out.
sed -i 's/\$(EXTRA)/`date +%N`/' linux/Makefile
small_linux_tar
git commit -q -a -m random
expect_exit 1 "$RTFX" kernel build --arch amd64 --flavour qemu --check-reproducible
expect_output 'not reproducible: two builds gave'
