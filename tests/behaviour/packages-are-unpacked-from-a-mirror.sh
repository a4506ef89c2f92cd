#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pkg/debian/fetch-packages, which the packages of this repository are made with: from a mirror of packages of another arch
# it unpacks what is asked for with what that needs, and no more; and it says what is wrong with its input.
set -eu
. "$RTFX_SOURCE/tests/lib/expect.sh"
export MIRROR="$PWD/mirror" LC_ALL=C.UTF-8

deb() { # NAME DEPENDS: a package with one file of its name, and its entry in the index
    mkdir -p "root/DEBIAN" "root/usr/lib" "root/usr/share/doc/$1" mirror/pool
    echo "$1" >"root/usr/lib/$1"
    echo "$1" >"root/usr/share/doc/$1/copyright"
    printf 'Package: %s\nVersion: 1:2.0-1\nArchitecture: riscv64\nMaintainer: A <a@example.org>\nDepends: %s\nDescription: x\n' \
        "$1" "$2" | sed '/^Depends: $/d' >root/DEBIAN/control
    dpkg-deb --root-owner-group --build root "mirror/pool/$1_2.0-1_riscv64.deb" >log 2>&1 || { cat log; fail "dpkg-deb"; }
    [ ! -e mirror/Packages ] || echo >>mirror/Packages
    {
        cat root/DEBIAN/control
        echo "Filename: pool/$1_2.0-1_riscv64.deb"
        echo "Size: $(stat -c %s "mirror/pool/$1_2.0-1_riscv64.deb")"
        echo "SHA256: $(sha256sum <"mirror/pool/$1_2.0-1_riscv64.deb" | cut -d ' ' -f 1)"
    } >>mirror/Packages
    rm -r root
}

fetch() { # WANTED-STATUS ARGUMENT...
    wanted_status=$1
    shift
    rm -rf out
    expect_exit "$wanted_status" "$RTFX_SOURCE/pkg/debian/fetch-packages" "$@"
}

there() { # NAME...: exactly these packages were unpacked
    found=$(ls out/usr/lib | tr '\n' ' ')
    [ "$found" = "$* " ] || fail "unpacked: $found; expected: $*"
}

fetch 1 riscv64 out app
expect_output "there is no mirror in $MIRROR"

mkdir mirror
deb app 'libc++6, tool | other'
deb libc++6 ''
deb libc ''
deb tool 'installed (>= 1)'
printf 'Architectures: riscv64\nPlatform: linux/riscv64\nWithout: installed\n' >mirror/Release

fetch 0 riscv64 out app
there app libc++6 tool
[ ! -e out/usr/share/doc ] || fail "documentation was unpacked"
[ "$(readlink out/lib)" = usr/lib ] || fail "/lib is no link"

fetch 0 --without tool,libc++6 --split riscv64 out app
there app
[ ! -e out/lib ] || fail "--split makes /lib"

fetch 0 riscv64 out 'cloud | libc' libc++6
there libc libc++6

fetch 1 riscv64 out 'nothing | none'
expect_output 'Unable to locate package nothing'
fetch 1 arm64 out app
expect_output 'is for linux/riscv64, wanted is linux/arm64'
rm mirror/pool/libc++6*
fetch 1 riscv64 out app
expect_output 'the mirror has no file of libc'
fetch 1 riscv64 out
expect_output 'usage: fetch-packages'
fetch 1 --wihtout x riscv64 out app
expect_output 'unknown option --wihtout'
