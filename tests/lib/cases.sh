# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts of the runner: a tree of cases in ./cases, made as each script needs it.

: "${RTFX:?}" "${RTFX_SOURCE:?}"
unset NO_COLOR RT_LABELS || :
export LC_ALL=C

. "$RTFX_SOURCE/tests/lib/expect.sh"

# expect_same WHAT WANTED-FILE GOT-FILE
expect_same() {
    diff -u "$2" "$3" >&2 || fail "$1 differs"
}

# The number of a key of the last run's SUMMARY.json.
summary() { # KEY
    jq ".$1" _results/latest/SUMMARY.json
}

expect_summary() { # KEY NUMBER
    [ "$(summary "$1")" -eq "$2" ] || fail "$1 is $(summary "$1") instead of $2"
}

# test_case DIR [HEADER...] < SCRIPT-BODY: headers are "LABELS: slow" and the like.
test_case() {
    directory=cases/$1
    shift
    mkdir -p "$directory"
    {
        echo '#!/bin/sh'
        for header; do echo "# $header"; done
        cat
    } >"$directory/test.sh"
}

# A case that passes and says nothing.
passing_case() { # DIR [HEADER...]
    test_case "$@" </dev/null
}

group() { # DIR [HEADER...] < SCRIPT-BODY
    directory=cases/$1
    shift
    mkdir -p "$directory"
    {
        for header; do echo "# $header"; done
        cat
    } >"$directory/group.sh"
}

top_group() { # [HEADER...]
    group . 'NAME: top' "$@" </dev/null
}

check_junit() { # FILE
    xmllint --noout --schema "$RTFX_SOURCE/tests/junit.xsd" "$1" 2>xmllint.log || { cat xmllint.log >&2; fail "$1 is not valid"; }
}

# wait_for COMMAND...: up to ten seconds.
wait_for() {
    tries=0
    until "$@" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "waited in vain for: $*"
        sleep 0.05
    done
}

# The processes that have the word in their command line, but for this script.
processes_with() { # WORD
    for cmdline in /proc/[0-9]*/cmdline; do
        pid=${cmdline#/proc/}
        pid=${pid%/cmdline}
        [ "$pid" -eq $$ ] || ! tr '\0' ' ' <"$cmdline" 2>/dev/null | grep -q -e "$1" || echo "$pid"
    done
}
