# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What behaviour scripts expect of a command; sourced by the other files of this folder.

set -eu

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# expect_exit CODE COMMAND...: output goes to ./output (both streams).
expect_exit() {
    wanted=$1
    shift
    got=0
    "$@" >output 2>&1 || got=$?
    [ "$got" -eq "$wanted" ] || { cat output >&2; fail "exit $got instead of $wanted: $*"; }
}

expect_output() { # REGEX
    grep -qE -e "$1" output || { cat output >&2; fail "the output has no line like: $1"; }
}

expect_no_output() { # REGEX
    ! grep -E -e "$1" output >&2 || fail "the output has a line like: $1"
}
