# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts layers-*.sh: what holds after every build of an image with odd layers.

. "$RTFX_SOURCE/tests/lib/images.sh"

mkdir -p out
# python SCRIPT-ON-STDIN: with tests/lib/layers.py.
python() {
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$RTFX_SOURCE/tests/lib" python3 -
}

# build IMAGE [FLAG...]: into out/
build() {
    echo "init: [$1]" >x.yml
    shift
    "$RTFX" build --offline --no-sbom --arch amd64 --dir out "$@" x.yml
}

# refused REGEX IMAGE [FLAG...]: one line, nothing written, nothing left.
refused() {
    regex=$1
    shift
    expect_exit 1 build "$@"
    expect_output "$regex"
    [ "$(wc -l <output)" -eq 1 ] || { cat output >&2; fail "more than one line for $1"; }
    [ -z "$(ls -A out)" ] || fail "$1 left $(ls -A out)"
    nothing_left
}

# No temporary file of the cache stays.
nothing_left() {
    left=$(find cache out -name 'new.*' -o -name '.rtfx*' -o -name '*.tmp.*')
    [ -z "$left" ] || fail "left behind: $left"
}

# files_of_initrd: its paths with type, mode, owner and target, sorted.
files_of_initrd() {
    zcat out/x-initrd.img | cpio --quiet -tvn | awk '{ print $1, $2, $3, $4, $5, $9, $10, $11 }' | sort -k6
}

# unpacked DIRECTORY: unpacks the initrd there.
unpacked() {
    mkdir "$1"
    initrd=$PWD/out/x-initrd.img
    (cd "$1" && zcat "$initrd" | cpio --quiet -idm --no-absolute-filenames)
}
