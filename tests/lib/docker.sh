# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts that build in docker daemons. Each daemon stands for a host: it has a storage and a
# socket of its own below the working directory, and a docker context of its name. They end with the script.

: "${RTFX:?}" "${RTFX_SOURCE:?}"
unset DOCKER_HOST DOCKER_CONTEXT DOCKER_CERT_PATH DOCKER_TLS_VERIFY DOCKER_API_VERSION BUILDX_BUILDER || :
unset RTFX_BUILDERS LINUXKIT_BUILDERS RTFX_CACHE LINUXKIT_CACHE || :
export XDG_CACHE_HOME="$PWD/cache" DOCKER_CONFIG="$PWD/docker/config"
# Debian's client, whatever else stands in front of it.
PATH=/usr/sbin:/usr/bin:/sbin:/bin

. "$RTFX_SOURCE/tests/lib/expect.sh"

arch=$(dpkg --print-architecture)
case $arch in # another one, for which nothing of the builds has to run
    riscv64) other_arch=arm64 ;;
    *) other_arch=riscv64 ;;
esac
docker_homes=
other_process= # one more that ends with the script

# daemon NAME: starts a daemon that the context NAME leads to. Its mounts end with it.
daemon() {
    docker_home=$PWD/docker/$1
    mkdir -p "$docker_home"
    echo '{}' >"$docker_home/daemon.json"
    # A containerd of the system would be shared by all daemons.
    unshare --mount sh -c 'test ! -d /run/containerd || mount -t tmpfs none /run/containerd; exec "$@"' sh \
        dockerd --config-file "$docker_home/daemon.json" --data-root "$docker_home/data" --exec-root "$docker_home/exec" \
        --pidfile "$docker_home/pidfile" -H "unix://$docker_home/socket" --iptables=false --ip6tables=false --bridge=none \
        >"$docker_home/log" 2>&1 </dev/null &
    echo $! >"$docker_home/process"
    docker_homes="$docker_homes $docker_home"
    trap stop_daemons EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    [ -e "$DOCKER_CONFIG/contexts/meta" ] && docker context inspect "$1" >/dev/null 2>&1 ||
        docker context create "$1" --docker "host=unix://$docker_home/socket" >/dev/null 2>&1
    tries=0
    until docker --context "$1" version >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] && kill -0 "$(cat "$docker_home/process")" 2>/dev/null ||
            { tail -n 20 "$docker_home/log" >&2; fail "the docker daemon $1 does not start"; }
        sleep 0.1
    done
}

# kill_daemon NAME: as a crash of its host would.
kill_daemon() {
    end_daemon "$PWD/docker/$1" KILL
}

end_daemon() { # HOME SIGNAL
    daemon_pid=$(cat "$1/process" 2>/dev/null) || return 0
    rm "$1/process"
    containerd_pid=$(cat "$1/exec/containerd/containerd.pid" 2>/dev/null) || containerd_pid=
    kill -s "$2" "$daemon_pid" 2>/dev/null || :
    tries=0
    while kill -0 "$daemon_pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    kill -s KILL "$daemon_pid" 2>/dev/null || :
    wait "$daemon_pid" 2>/dev/null || :
    # The daemon takes its containerd along, unless it was killed.
    case $({ tr '\0' ' ' <"/proc/${containerd_pid:-none}/cmdline"; } 2>/dev/null) in
        *"$1/"*) kill -s KILL "$containerd_pid" 2>/dev/null || : ;;
    esac
    # Where nobody reaps orphans, the next daemon would take the dead containerd for a living one.
    rm -f "$1/exec/containerd/containerd.pid"
}

stop_daemons() {
    status=$?
    trap - EXIT
    [ -z "$other_process" ] || kill "$other_process" 2>/dev/null || :
    for docker_home in $docker_homes; do
        kill -s TERM "$(cat "$docker_home/process" 2>/dev/null)" 2>/dev/null || :
    done
    for docker_home in $docker_homes; do
        end_daemon "$docker_home" TERM
    done
    exit "$status"
}

# host_programs DIRECTORY PROGRAM...: programs of this host with the libraries that they need, as the root of an image.
host_programs() {
    host_root=$1
    shift
    mkdir -p "$host_root/bin" "$host_root/tmp"
    for program; do
        found=$(command -v "$program") || fail "there is no $program"
        cp -L "$found" "$host_root/bin/$program"
        for library in $(ldd "$found" | grep -oE '/[^ ]+'); do
            mkdir -p "$host_root${library%/*}"
            cp -L "$library" "$host_root$library"
        done
    done
    ln -sf dash "$host_root/bin/sh"
}

# package NAME [LINE-OF-BUILD.YML...] < DOCKERFILE: in ./pkg, for this host's arch and another one.
package() {
    name=$1
    shift
    mkdir -p "pkg/$name"
    {
        printf 'image: %s\norg: test\narches: [%s, %s]\n' "$name" "$arch" "$other_arch"
        for line; do echo "$line"; done
    } >"pkg/$name/build.yml"
    cat >"pkg/$name/Dockerfile"
}

# pkg/base: an image with a shell, for what is built on it.
base_package() {
    package base <<'DOCKERFILE'
FROM scratch
COPY root/ /
DOCKERFILE
    host_programs pkg/base/root dash bash cat date ls mkdir sleep
}

# Images and cached steps that a daemon has.
images_of() { # NAME
    docker --context "$1" image ls --format '{{.Repository}}:{{.Tag}}'
}
steps_of() { # NAME
    docker --context "$1" system df --format '{{.Type}} {{.TotalCount}}' | sed -n 's/^Build Cache //p'
}

# The digests that pkg build printed.
digests() {
    grep -oE 'sha256:[0-9a-f]{64}' "$1"
}
