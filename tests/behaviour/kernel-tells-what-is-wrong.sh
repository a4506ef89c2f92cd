#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Wrong kernel.yml, fragments, sources, patches and code: one clear error each, no image, no half unpacked source.
set -eu
. "$RTFX_SOURCE/tests/lib/expect.sh"
. "$RTFX_SOURCE/tests/lib/small_linux.sh"
export RTFX_CACHE="$PWD/_cache"
small_linux
build() { # EXIT REGEX...: what a build for amd64 says; there is no image afterwards
    code=$1
    shift
    git add -A && git commit -q --allow-empty -m next
    expect_exit "$code" "$RTFX" kernel build --arch amd64 --flavour qemu
    for regex; do expect_output "$regex"; done
    [ "$("$RTFX" cache ls 2>/dev/null | grep -c kernel)" -eq 0 ] || fail 'there is an image all the same'
    [ -z "$(ls -d _cache/kernels/source/unpacked* 2>/dev/null)" ] || fail 'a half unpacked source is left'
}
again() { # SED-EXPRESSION FILE: changes a file for what follows
    git checkout -q first -- .
    sed -i "$1" "$2"
}

expect_exit 4 "$RTFX" kernel build --flavour qemo
expect_output 'there is no flavour "qemo"; did you mean "qemu"\?'
expect_exit 4 "$RTFX" kernel build --series 6.13
expect_output 'there is no series "6.13"'
expect_exit 4 "$RTFX" kernel source --series 6.13
expect_output 'there is no series "6.13"'
expect_exit 4 "$RTFX" kernel build --arch arm64
expect_output 'none of these kernels is for arm64; they are for amd64'
expect_exit 2 "$RTFX" kernel build --timeout soon
expect_exit 2 "$RTFX" kernel build --progress loud
for jobs in x 0 -1; do
    expect_exit 2 "$RTFX" kernel build -j "$jobs"
    expect_output "^rtfx: --jobs: Value $jobs not in range 1 to 1024"
done

again 's/flavours:/flavour:/' kernel/6.12/kernel.yml
build 2 'kernel\.yml:[0-9]+: .*flavour'
again 's/CONFIG_qemu=y/CONFIG_qemu/' kernel/config/qemu.config
build 2 'qemu\.config:1: "CONFIG_qemu": expected CONFIG_NAME=VALUE'
again '$aCONFIG_qemu=m' kernel/config/qemu.config
build 2 'qemu\.config:2: CONFIG_qemu is m here and y in line 1'
again '$aCONFIG_DROPPED=y' kernel/config/qemu.config
build 2 'qemu\.config:2: CONFIG_DROPPED=y was asked for, but the result does not have it'
again '' kernel/config/qemu.config
rm kernel/config/amd64.config
build 2 'flavour qemu for amd64 needs amd64\.config, which is not in'
again 's/sha256: ..../sha256: 0000/' kernel/6.12/kernel.yml
build 1 'has the SHA256 .*, but kernel\.yml says 0000'
again 's/linux\.tar/none.tar/; s/sha256: ..../sha256: 1111/' kernel/6.12/kernel.yml
build 1 'fetching file://.*/none\.tar'
again 's/version: .*/version: "6.13"/' kernel/6.12/kernel.yml
build 1 'version is 6\.13, but the source is Linux 6\.12\.9'
again '' kernel/6.12/kernel.yml
printf -- '--- a/init/main.c\n+++ b/init/main.c\n@@ -1 +1 @@\n-something else\n+x\n' >kernel/6.12/a.patch
echo 'patches: [a.patch]' >>kernel/6.12/kernel.yml
build 1 'a\.patch does not apply'
rm kernel/6.12/a.patch

# Code that does not compile: its error, and where the whole log is.
again '' kernel/6.12/kernel.yml
echo 'int main(void) { return unknown_word; }' >linux/init/main.c
small_linux_tar
build 1 "error: .unknown_word. undeclared" 'the whole log is ' 'kernel-bin:.* not built: .* needs demo/kernel:'
[ "$(grep -c 'unknown_word. undeclared' output)" -eq 1 ] || fail 'the error is told more than once'

# A compiler that is missing is named with its package.
git checkout -q first -- .
sed -i 's/arches: \[amd64\]/arches: [amd64, sparc9]/' kernel/6.12/kernel.yml
cat >rtfx.yml <<'YML'
org: demo
kernels: [kernel/*]
arches:
  amd64: {stage: first-class}
  sparc9:
    stage: candidate
    machine: {uname: sparc9, debian: sparc9, kernel-arch: sparc, kernel-target: image, cross-prefix: sparc9-linux-gnu-,
              qemu: qemu-system-sparc9, qemu-package: qemu, machine: x, console: ttyS0}
YML
echo CONFIG_sparc9=y >kernel/config/sparc9.config
expect_exit 3 "$RTFX" kernel build --arch sparc9 --flavour qemu
expect_output 'sparc9-linux-gnu-gcc is not installed: apt-get install gcc-sparc9-linux-gnu'

# No room: whoever is told can make some, and go on.
git checkout -q first -- .
echo 'int main(void) { return 0; }' >linux/init/main.c
small_linux_tar
mkdir small
mount -t tmpfs -o size=64k small small
trap 'umount small' EXIT
expect_exit 1 env RTFX_CACHE="$PWD/small" "$RTFX" kernel build --arch amd64 --flavour qemu
expect_output 'No space left on device'
mount -o remount,size=64m small
expect_exit 0 env RTFX_CACHE="$PWD/small" "$RTFX" kernel build --arch amd64 --flavour qemu
