#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What cannot be merged is refused with one line, and leaves nothing behind.
. "$RTFX_SOURCE/tests/lib/cases.sh"
mkdir -p runs/one runs/empty runs/other runs/old
started='{"v":1,"time":"2026-11-20T08:00:00Z","event":"run_started","run":"one"}'
ended='{"v":1,"time":"2026-11-20T08:00:01Z","event":"run_finished","complete":true}'
printf '%s\n' "$started" "$ended" >runs/one/events.jsonl
printf '%s\n' "$started" "$ended" >runs/other/events.jsonl
printf '%s\n' '{"v":2,"time":"2026-11-20T08:00:00Z","event":"run_started","run":"old"}' >runs/old/events.jsonl

refused() { # REGEX ARGUMENTS...
    wanted_line=$1
    shift
    expect_exit 2 "$RTFX" merge -r out "$@"
    expect_output "$wanted_line"
    [ "$(wc -l <output)" -eq 1 ] || fail "more than one line"
    [ -z "$(find out -mindepth 1 2>/dev/null)" ] || fail "it left $(find out -mindepth 1)"
}
refused '^rtfx: runs/none is not the folder of a run: it has no events.jsonl$' runs/none
refused '^rtfx: runs/empty is not the folder of a run' runs/one runs/empty
refused '^rtfx: the run one is given twice: runs/one and runs/one$' runs/one runs/one
refused '^rtfx: the run one is given twice: runs/one and runs/other$' runs/one runs/other
refused '^rtfx: "\.\./x" cannot be the id of a run' --id ../x runs/one
refused 'runs is required' --id x
expect_exit 1 "$RTFX" merge -r out runs/old
expect_output '^rtfx: runs/old/events.jsonl:1: .*schema 2; this rtfx reads schema 1$'
[ -z "$(find out -mindepth 1 2>/dev/null)" ] || fail "it left something"

expect_exit 2 "$RTFX" merge -r runs/one/inner runs/one
expect_output '^rtfx: the merged run would be within runs/one, which is merged: give another -r$'
rmdir runs/one/inner
expect_exit 0 "$RTFX" merge -r out --id mine runs/one/
expect_exit 2 "$RTFX" merge -r out --id mine runs/one
expect_output '^rtfx: out/mine exists already: give another --id, or remove it$'
echo garbage >>runs/one/events.jsonl
expect_exit 1 "$RTFX" merge -r out --id bad runs/one
expect_output '^rtfx: runs/one/events.jsonl:3: not an event'
[ ! -e out/bad ] || fail "it left something"
