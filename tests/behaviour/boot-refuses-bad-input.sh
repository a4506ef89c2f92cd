#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bad input to rtfx boot: one clear line, exit 2, and nothing is started.
. "$RTFX_SOURCE/tests/lib/guests.sh"
guest hello 'Welcome\n' halt
mkdir bin && ln -s "$(command -v sh)" bin/sh

refused() { # REGEX ARGUMENT...
    line=$1
    shift
    expect_exit 2 "$RTFX" boot --arch amd64 --accel tcg "$@"
    expect_output "^rtfx: $line"
    [ "$(wc -l <output)" -eq 1 ] || { cat output >&2; fail "more than one line: $*"; }
}
refused 'PREFIX is required'
refused 'no image "helo": missing helo-kernel, helo-initrd.img; did you mean "hello"\?' helo
refused 'bad regex for expect: "\(x": ' --expect '(x' hello
refused 'bad regex for reject: "\*": there is nothing to repeat' --reject '*' hello
refused 'an empty regex for expect' --expect '' hello
for port in 80 80: 0:80 x:80 80:65536 80:80/icmp; do
    refused "cannot publish \"$port\": expected \[HOST\]:GUEST" --publish "$port" hello
done
for seconds in 0 -1 x nan 1e99; do
    refused '--timeout: ".*" is no number of seconds' --timeout "$seconds" hello
done
refused '--silence: "-1" is no number of seconds' --silence -1 hello
refused '--cpus: ' --cpus 0 hello
refused '--mem: ' --mem x hello
refused '--accel: ' --accel fast hello
refused 'cannot write the console log nowhere/log: No such file' --console-log nowhere/log hello
refused 'The following argument was not expected: more' hello more

expect_exit 2 "$RTFX" boot --arch amd64,arm64 hello
expect_output '^rtfx: boot starts one guest'
expect_exit 4 "$RTFX" boot --arch amd63 hello
expect_output '^rtfx: unknown arch "amd63".*"amd64"'
PATH=$PWD/bin expect_exit 3 "$RTFX" boot --arch amd64 --accel tcg hello
