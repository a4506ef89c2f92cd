#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Functions for test scripts: `. "${RT_LIB}"`. Works in any POSIX shell, with and without `set -eu`.

# Exit with this code to say that the test was cancelled, which is neither a pass nor a failure.
# shellcheck disable=SC2034
RT_TEST_CANCEL=253

# echoerr WORD...: prints to standard error.
echoerr() {
    echo "$@" >&2
}

# rt_cancel REASON...: ends the test as cancelled.
rt_cancel() {
    echoerr "$@"
    exit "$RT_TEST_CANCEL"
}

# rt_label_set LABEL: whether the run was given the label.
rt_label_set() {
    case ":${RT_LABELS:-}:" in
    *":$1:"*) return 0 ;;
    *) return 1 ;;
    esac
}

# COMMAND | assert_contains REGEX: shows its input, and fails unless a line of it matches.
assert_contains() {
    _rt_input=$(cat)
    printf '%s\n' "$_rt_input"
    printf '%s\n' "$_rt_input" | grep -e "$1" >/dev/null && return 0
    echo "nothing above matches: $1"
    return 1
}

# COMMAND | assert_empty: shows its input, and fails unless it is empty.
assert_empty() {
    _rt_input=$(cat)
    printf '%s\n' "$_rt_input"
    [ -z "$_rt_input" ]
}

# assert_equals [MESSAGE] EXPECTED ACTUAL
assert_equals() {
    _rt_message=
    if [ $# -eq 3 ]; then
        _rt_message="$1: "
        shift
    fi
    if [ "${1-}" = "${2-}" ]; then
        echo "${_rt_message}<${2-}> as expected"
        return 0
    fi
    echo "${_rt_message}expected <${1-}>, but it is <${2-}>"
    return 1
}

# assert_true [MESSAGE] CONDITION: the condition is an exit code, where 0 is true, or a command.
assert_true() {
    _rt_message=
    if [ $# -eq 2 ]; then
        _rt_message=$1
        shift
    fi
    _rt_result=1
    case "${1-}" in
    '') ;;
    *[!0-9]*) if (eval "$1") >/dev/null 2>&1; then _rt_result=0; fi ;;
    *) if [ "$1" -eq 0 ]; then _rt_result=0; fi ;;
    esac
    if [ "$_rt_result" -eq 0 ]; then
        echo "condition is true"
    else
        echo "condition is false: ${1-}${_rt_message:+ - $_rt_message}"
    fi
    return "$_rt_result"
}

# assert_not_null [MESSAGE] VALUE
assert_not_null() {
    if [ $# -eq 2 ]; then
        [ -n "$2" ] || { echo "value is empty - $1"; return 1; }
    else
        [ -n "${1-}" ] || { echo "value is empty"; return 1; }
    fi
}

# assert_null [MESSAGE] VALUE
assert_null() {
    if [ $# -eq 2 ]; then
        [ -z "$2" ] || { echo "value is not empty: $2 - $1"; return 1; }
    else
        [ -z "${1-}" ] || { echo "value is not empty: $1"; return 1; }
    fi
}
