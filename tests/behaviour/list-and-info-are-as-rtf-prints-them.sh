#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Golden outputs of list and info, as tables, CSV and JSON; no colour when the output is no terminal.
. "$RTFX_SOURCE/tests/lib/cases.sh"
cp -R "$RTFX_SOURCE/tests/golden/tree" cases
# shellcheck disable=SC2086 # words are arguments
check() { # NAME ARGUMENT...
    golden=$RTFX_SOURCE/tests/golden/$1.txt
    shift
    "$RTFX" --arch "${arches:-amd64}" "$@" >got 2>notes || fail "exit $?: rtfx $*"
    if [ -n "${RTFX_BLESS:-}" ]; then cp got "$golden"; fi
    expect_same "rtfx $*" "$golden" got
}
check list list
check list list --plain
grep -q '^rtfx: note: .*/020_advanced/010_test/test.sh:3: LABELS: blanks' notes || fail "$(cat notes)"
check list-labels -l slow,blue list
check list-group list linuxkit.apps
check list-case list linuxkit.apps.basic.test
check list-shard list -s 2/3
check list-shard-hash list -s 2/3 --shard-by hash
check list-glob list 'linuxkit.*.test' '!*.basic.*'
check list-expression list -E 'label(amd64) | group(linuxkit.only)'
arches=amd64,s390x
check list-arches list linuxkit.arch
arches=
check list-json -l slow list --json
[ ! -s notes ] || fail "notes beside JSON: $(cat notes)"
check info info
check info info --plain
check info-group info linuxkit.apps
check info-csv info --csv
check info-json info --json linuxkit.apps
expect_exit 4 "$RTFX" list linuxkit.app.basic
expect_output 'did you mean "linuxkit.apps.basic"'
expect_exit 2 "$RTFX" info --csv --json
expect_output 'excludes'
