#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds that fail, hang, print 100 MB, are killed or interrupted, and a full disk: one clear error each, its exit code, nothing
# left running, and a store that is whole.
set -eu

. "$RTFX_SOURCE/tests/lib/packages.sh"
make_repository
on_base() { # NAME RUN
    package "$1" "image: $1
buildArgs: [\"BASE=@lkt:pkg:../pkg/base\"]" 'ARG BASE' 'FROM ${BASE}' "$2"
}
on_base fails 'RUN echo first && echo the reason >&2 && false'
on_base hangs 'RUN echo started && sleep 1000000'
on_base prints 'RUN yes "a line of this builder, which says nothing at all" | head -c 104857600 && echo done'
on_base dies 'RUN echo $PPID && kill -9 $PPID'
on_base good 'RUN echo good > /good'
commit second
build="$RTFX pkg build --offline --platforms linux/$host_arch"

expect_exit 1 $build repo/fails repo/good
expect_output '^linuxkit/fails:.* FAILED after'
expect_output '^ +the reason$'
expect_output "the whole log is $XDG_CACHE_HOME/rtfx/logs/linuxkit_fails-$host_arch.log"
expect_output '^linuxkit/good:.* built'
expect_exit 1 $build repo/dies
expect_valid_store

# The time limit, and Ctrl-C: nothing of the build stays.
expect_exit 1 $build --timeout 3 repo/hangs
expect_output 'buildah: .*(timed out|time limit)'
no_sleeper() {
    ! pgrep -f 'sleep 1000000' >/dev/null || fail "the build still runs: $(pgrep -af 'sleep 1000000')"
}
no_sleeper
setsid --wait $build repo/hangs >hangs 2>&1 &
waited=0
until pgrep -f 'sleep 1000000' >/dev/null; do
    waited=$((waited + 1))
    [ "$waited" -lt 300 ] || fail "the build does not start: $(cat hangs)"
    sleep 0.1
done
got=0
pkill -INT -f "pkg build --offline --platforms linux/$host_arch repo/hangs" || fail "rtfx is gone"
wait $! || got=$?
[ "$got" -eq 130 ] || fail "exit $got after Ctrl-C: $(cat hangs)"
no_sleeper

expect_exit 0 $build repo/prints
[ "$(wc -c <output)" -lt 1000 ] || fail "the output is printed"
[ "$(wc -c <"$XDG_CACHE_HOME/rtfx/logs/linuxkit_prints-$host_arch.log")" -gt 100000000 ] || fail "the log lacks output"
expect_valid_store

# A full disk: the message says so, the store keeps what it has.
full=$PWD/full
mkdir "$full"
got=0
unshare --mount sh -c '
    mount -t tmpfs -o size=3m tmpfs "$1" && cp -a "$2/." "$1/" 2>/dev/null
    XDG_CACHE_HOME=$1 "$RTFX" pkg build --offline --force --platforms "linux/$3" repo/good >output 2>&1 || got=$?
    XDG_CACHE_HOME=$1 "$RTFX" cache ls >listed 2>&1 || exit 9
    exit "${got:-0}"' sh "$full" /nonexistent "$host_arch" || got=$?
[ "$got" -eq 1 ] || { cat output >&2; fail "exit $got on a full disk"; }
expect_output '[Nn]o space left on device'
