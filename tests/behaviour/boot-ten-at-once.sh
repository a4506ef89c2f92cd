#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Ten boots of one image at once: their ports, sockets and disks do not collide.
. "$RTFX_SOURCE/tests/lib/guests.sh"
mkdir tmp
export TMPDIR="$PWD/tmp"
guest hello 'Welcome\n' halt
pids=
for i in 0 1 2 3 4 5 6 7 8 9; do
    "$RTFX" boot --arch amd64 --mem 32 --accel tcg --publish auto:80 --publish :80/udp --disk size=8M --data x --expect Welcome \
        --probe "echo \$RTFX_PORT_80 >port$i; until [ -e go ]; do sleep 0.05; done" hello >"output$i" 2>&1 &
    pids="$pids $!"
done
for i in 0 1 2 3 4 5 6 7 8 9; do wait_for test -s port$i; done
[ "$(cat port* | sort -u | wc -l)" -eq 10 ] || fail "the ports are $(cat port* | tr '\n' ' ')"
touch go
for pid in $pids; do wait "$pid" || { cat output? >&2; fail 'one of them failed'; }; done
[ -z "$(processes_with '-kernel hello-kernel')" ] || fail 'a qemu is left'
[ -z "$(ls -A tmp)" ] || fail "files are left: $(ls -A tmp)"

# A port that is taken is told; nothing is started.
"$RTFX" boot --arch amd64 --mem 32 --accel tcg --publish auto:80 --probe 'touch up; sleep 60' hello >first 2>&1 &
pid=$!
wait_for test -e up
port=$(sed -n 's,^rtfx: boot: 127.0.0.1:\([0-9]*\) is port 80/tcp.*,\1,p' first)
expect_exit 2 "$RTFX" boot --arch amd64 --mem 32 --accel tcg --publish "$port:80" hello
expect_output "^rtfx: the guest was not started: .*Could not set up host forwarding rule 'tcp:127.0.0.1:$port-:80'"
kill "$pid"
wait "$pid" || :
