#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every ending of rtfx boot, with its exit code and its line.
. "$RTFX_SOURCE/tests/lib/guests.sh"
boot="$RTFX boot --arch amd64 --mem 64 --accel tcg"

guest hello 'one\r\nWelcome\r\n' halt
expect_exit 0 $boot --expect one --expect '^Wel' hello
expect_output '^rtfx: boot: ok after [0-9.]+ s \(tcg\): saw "Welcome"$'
expect_output '^one'
expect_exit 1 $boot --expect never --reject Welcome hello
expect_output '^rtfx: boot: failed: rejected after [0-9.]+ s \(tcg\): "Welcome" matched: Welcome$'
expect_exit 1 $boot --expect Welcome --expect one --silence 1 hello
expect_output '^rtfx: boot: failed: silent .*: no console output for 1 s, waiting for expect 2 of 2, "one"$'
expect_output '^    Welcome$'
expect_exit 1 $boot --expect never --timeout 1 hello
expect_output '^rtfx: boot: failed: timed out .*: the time limit was reached, waiting for expect 1 of 1, "never"$'

guest prompt 'host login: ' halt
expect_exit 0 $boot --expect 'login: $' prompt

guest off 'bye\n' power-off
expect_exit 0 $boot off
expect_output '^rtfx: boot: ok .*: the guest powered off$'
expect_exit 1 $boot --expect never off
expect_output '^rtfx: boot: failed: early exit .*: the guest powered off before expect 1 of 1, "never"$'

guest again 'again\n' reset
expect_exit 1 $boot again
expect_output '^rtfx: boot: failed: reset .*: the guest reset itself$'

for ending in reset halt; do
    guest panic 'Kernel panic - not syncing: no init\r\nCPU: 0\r\n' "$ending"
    expect_exit 1 $boot panic
    expect_output '^rtfx: boot: failed: kernel panic .*: Kernel panic - not syncing: no init$'
    expect_output '^    CPU: 0$'
done

guest odd 'a\0001b\0377\033[31mred\033[0m\n' halt
expect_exit 0 $boot --expect 'red$' --console-log log odd
[ "$(tr -d '\n' <log | od -An -c | tr -d ' \n')" = 'a001b377033[31mred033[0m' ] || fail "the log is not the console's bytes"

# The host port is chosen, told, and given to the probe, which may fail at first.
expect_exit 0 $boot --publish :80 --expect one --probe 'echo $RTFX_PORT_80 >>ports; test $(wc -l <ports) -ge 3' hello
port=$(sed -n 's,^rtfx: boot: 127.0.0.1:\([0-9]*\) is port 80/tcp of the guest$,\1,p' output)
[ "$(sort -u ports)" = "$port" ] || fail "the probe got $(sort -u ports) instead of $port"
expect_output 'and the probe succeeded$'
expect_exit 1 $boot --timeout 2 --probe 'echo refused >&2; exit 7' hello
expect_output '^rtfx: boot: failed: probe failed .*; last: exit 7: refused$'

expect_exit 0 $boot --json --expect Welcome hello
sed '/^rtfx: /d' output >json
jq -e '.ok and .ending == "expected" and .arch == "amd64" and .accelerator == "tcg" and .last_lines == ["one", "Welcome"]' \
    json >/dev/null || { cat json >&2; fail 'the JSON is not right'; }
