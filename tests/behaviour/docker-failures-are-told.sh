#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A build in a daemon that fails, is interrupted or loses its daemon: what happened is said, and nothing is left behind.
. "$RTFX_SOURCE/tests/lib/docker.sh"
daemon one
export RTFX_BUILDERS="linux/$arch=one"
base_package
build() { # PACKAGE FLAGS...
    package=$1
    shift
    "$RTFX" pkg build --offline --platforms "linux/$arch" "$@" "pkg/$package"
}
seconds=6$$ # a process that is nobody else's
for name in good bad slow; do
    package "$name" 'buildArgs:' '  - BASE=@lkt:pkg:../base' <<DOCKERFILE
ARG BASE
FROM \${BASE}
RUN $(case $name in
        good) echo true ;;
        bad) echo 'for i in 1 2 3 4 5 6 7 8 9; do echo "line $i of many"; done; exit 7' ;;
        slow) echo "echo is running; sleep $seconds" ;;
    esac)
DOCKERFILE
done
expect_exit 0 build good
names() {
    jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' cache/rtfx/store/index.json | sort
}
names >before

expect_exit 1 build bad
expect_output 'docker context one: docker build: exit 1'
expect_output 'line 9 of many'
expect_output 'exit code: 7'

# Programs of another arch, without an emulator: the host and the command that registers one.
if [ ! -e /proc/sys/fs/binfmt_misc/qemu-riscv64 ] && [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
    package foreign <<'DOCKERFILE'
FROM scratch
COPY sh /bin/sh
RUN true
DOCKERFILE
    # ELF's e_machine: 243 is RISC-V, 183 AArch64.
    cp /bin/dash pkg/foreign/sh
    case $other_arch in riscv64) machine='\363' ;; *) machine='\267' ;; esac
    printf "$machine\000" | dd of=pkg/foreign/sh bs=1 seek=18 conv=notrunc 2>/dev/null
    expect_exit 3 "$RTFX" pkg build --offline --platforms "linux/$other_arch" --builders "linux/$other_arch=one" pkg/foreign
    expect_output "the host of docker context one is $arch and has no emulator .*: apt-get install qemu-user-static"
    [ "$(grep -c 'no emulator' output)" -eq 1 ] || fail "told more than once: $(cat output)"
fi

build_slowly() { # OUTPUT: starts it and waits until its RUN runs
    rm -rf cache/rtfx/logs
    "$RTFX" pkg build --offline --platforms "linux/$arch" pkg/slow >"$1" 2>&1 &
    building=$!
    tries=0
    until grep -rqsE '[0-9] is running' cache/rtfx/logs; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "the build does not start: $(cat "$1")"
        sleep 0.1
    done
}
expect_end() { # STATUS OUTPUT
    status=0
    wait "$building" || status=$?
    [ "$status" -eq "$1" ] || fail "exit $status instead of $1: $(cat "$2")"
}

# Interrupted: at once, and the daemon stops as well.
build_slowly interrupted
kill -s TERM "$building"
expect_end 130 interrupted
tries=0
while pgrep -f "^sleep $seconds\$" >/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "the daemon goes on building"
    sleep 0.1
done

# The daemon is killed in the middle.
build_slowly killed
kill_daemon one
expect_end 3 killed
[ "$(grep -c 'docker context one: the daemon went away during the build: Cannot connect to the Docker daemon' killed)" -eq 1 ] ||
    fail "not told once: $(cat killed)"

# The store is as it was, and the daemon, started again, has nothing of the failures.
names | cmp - before
[ -z "$(find cache/rtfx -name '*.tmp*' -o -name 'load.*' -o -name 'build.*')" ] || fail "left: $(find cache/rtfx -name 'load.*')"
daemon one
! images_of one | grep rtfx-build || fail "the daemon keeps images of failed builds"
expect_exit 0 build good --force
names | cmp - before
