#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# report with wrong input: one line that says what is wrong, and no report of it.
. "$RTFX_SOURCE/tests/lib/cases.sh"
mkdir empty bad outside
expect_exit 2 "$RTFX" report none
expect_output '^rtfx: none is not the folder of a run: it has no events.jsonl$'
expect_exit 2 "$RTFX" report empty
expect_exit 2 "$RTFX" report
started='{"v":1,"time":"2026-11-20T08:00:00Z","event":"run_started","run":"x"}'
printf '%s\nnot json\n' "$started" >bad/events.jsonl
expect_exit 1 "$RTFX" report bad
expect_output '^rtfx: bad/events.jsonl:2: not an event'
[ ! -e bad/junit.xml ] || fail "a report of a log that cannot be read"

# A log never names a file outside of the run's folder.
echo 'the secret' >secret
printf '%s\n' "$started" \
    '{"v":1,"time":"2026-11-20T08:00:01Z","event":"finished","kind":"case","name":"t","arch":"amd64","result":"fail","elapsed_ns":1,"log":"../secret"}' >outside/events.jsonl
expect_exit 0 "$RTFX" report outside
! grep -q 'the secret' outside/TESTS.log outside/junit.xml || fail "a file outside of the folder was read"
grep -q "outside of the run's folder" outside/TESTS.log || fail "nothing is said"

# Neither a pipe nor a folder in the place of a log can stop it.
mkfifo outside/pipe
sed -i 's|\.\./secret|pipe|' outside/events.jsonl
expect_exit 0 timeout 20 "$RTFX" report outside
grep -q 'the log cannot be read: it is not a file' outside/TESTS.log || fail "the pipe"
