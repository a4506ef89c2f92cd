#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A build that runs programs of another arch says so. Without an emulator it fails before it starts, with the command that
# registers one; that command works.
set -eu

. "$RTFX_SOURCE/tests/lib/packages.sh"
[ "$host_arch" != arm64 ] || { echo "this host is arm64: nothing of arm64 is emulated" >&2; exit 0; }
make_repository
# A program of 164 bytes: writes a line, and exits. (ELF64, AArch64: write(1, text, 12); exit(0).)
package pkg/hello 'image: hello
arches: [arm64]' 'FROM scratch' 'COPY hello /hello' 'RUN ["/hello"]'
{
    printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\267\000\001\000\000\000'
    printf '\170\000\100\000\000\000\000\000\100\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000'
    printf '\000\000\000\000\100\000\070\000\001\000\000\000\000\000\000\000'
    printf '\001\000\000\000\005\000\000\000\000\000\000\000\000\000\000\000\000\000\100\000\000\000\000\000'
    printf '\000\000\100\000\000\000\000\000\244\000\000\000\000\000\000\000\244\000\000\000\000\000\000\000'
    printf '\000\020\000\000\000\000\000\000'
    # mov x0,#1; adr x1,+28; mov x2,#12; mov x8,#64; svc 0; mov x0,#0; mov x8,#93; svc 0
    printf '\040\000\200\322\341\000\000\020\202\001\200\322\010\010\200\322\001\000\000\324'
    printf '\000\000\200\322\250\013\200\322\001\000\000\324'
    printf 'hello arm64\n'
} >repo/pkg/hello/hello
chmod +x repo/pkg/hello/hello
commit second

binfmt=/proc/sys/fs/binfmt_misc
registered=
clean_up() {
    [ -z "$registered" ] || echo -1 >"$binfmt/qemu-aarch64"
}
trap clean_up EXIT
[ -e "$binfmt/register" ] || mount -t binfmt_misc binfmt_misc "$binfmt"
if [ ! -e "$binfmt/qemu-aarch64" ]; then
    expect_exit 3 "$RTFX" pkg build --offline repo/pkg/hello
    expect_output 'RUN starts arm64 programs, and this host has no emulator registered for them'
    command=$(sed -n 's/.*apt-get install qemu-user-static && \(.*\)\. Or build across.*/\1/p' output)
    registered=1
    sh -c "$command"
fi
expect_exit 0 "$RTFX" pkg build --offline --progress plain repo/pkg/hello
expect_output '^\[hello arm64\] hello arm64$'
expect_output 'arm64 built in [0-9.]+ s \(emulated\) sha256:'
