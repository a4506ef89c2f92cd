# SPDX-License-Identifier: Apache-2.0
#
# Functions for the cases. A case starts with: . "$RT_PROJECT_ROOT/_lib/lib.sh"
set -eu

: "${RTFX:?is set by rtfx run: the program}"
: "${RTFX_ARCH:?is set by rtfx run: the architecture to test}"
: "${RTFX_PROJECT:?is set by rtfx run: the root of the repository}"
: "${RTFX_TMP:?is set by rtfx run: an empty folder for this case}"

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# assemble YAML [flag...]: kernel, initrd and command line for the arch, as $RTFX_TMP/image-*.
assemble() {
    yaml=$1
    shift
    "$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name image "$@" "$yaml" || fail "$yaml does not assemble"
}

# boot [flag...]: boots the assembled image; the flags say what must be seen, within $boot_timeout seconds (90). What the
# guest said is in $RTFX_TMP/output afterwards.
boot() {
    code=0
    "$RTFX" boot --arch "$RTFX_ARCH" --mem 512 --timeout "${boot_timeout:-90}" --console-log "$RTFX_TMP/console.log" "$@" \
        "$RTFX_TMP/image" 2> "$RTFX_TMP/verdict" || code=$?
    cat "$RTFX_TMP/verdict" >&2
    [ "$code" -eq 0 ] || fail "boot: $(sed -n 's/^rtfx: boot: failed: //p' "$RTFX_TMP/verdict")"
    tr -d '\r' < "$RTFX_TMP/console.log" > "$RTFX_TMP/output"
}

# in_tar PATH: a file of the assembled image.tar. Records of the format that tar does not know are no news.
in_tar() {
    tar --warning=no-unknown-keyword -xOf "$RTFX_TMP/image.tar" "$1" || fail "$1 is not in the image"
}

# Exit code of a command, which may be anything, in $code; its output, both streams, in $RTFX_TMP/output.
run_any() {
    code=0
    "$@" > "$RTFX_TMP/output" 2>&1 || code=$?
    cat "$RTFX_TMP/output"
}

# Fails unless the output of the last boot or run_any has a line that matches the extended regular expression.
output_has() {
    grep -qE -- "$1" "$RTFX_TMP/output" || fail "no line matches: $1"
}
