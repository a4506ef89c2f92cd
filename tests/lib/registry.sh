# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts that need a registry: real ones on loopback, on ports that the kernel chooses. They
# end with the script.

: "${RTFX:?}" "${RTFX_SOURCE:?}"
unset RTFX_MIRROR LINUXKIT_MIRROR SSL_CERT_FILE http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY || :

. "$RTFX_SOURCE/tests/lib/images.sh"
# No login of whoever runs the tests.
export DOCKER_CONFIG="$PWD/docker-config"

registry_count=0 proxy_count=0 registry_processes=

end_registries() {
    for registry_process in $registry_processes; do
        kill "$registry_process" 2>/dev/null || :
        wait "$registry_process" 2>/dev/null || :
    done
    registry_processes=
}
trap end_registries EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start_registry [tls] [USER PASSWORD]: sets $registry to HOST:PORT, $registry_log, $registry_data and $registry_process.
# With tls its certificate is of the authority in ./ca.pem.
start_registry() {
    registry_count=$((registry_count + 1))
    registry_home=$PWD/registry-$registry_count
    registry_log=$registry_home/log
    registry_data=$registry_home/data
    mkdir "$registry_home"
    registry_tls=
    if [ "${1:-}" = tls ]; then
        shift
        make_certificate
        registry_tls=", tls: {certificate: $PWD/server.pem, key: $PWD/server.key}"
    fi
    {
        echo 'version: 0.1'
        echo "storage: {filesystem: {rootdirectory: $registry_data}, maintenance: {uploadpurging: {enabled: false}}}"
        echo "http: {addr: \"127.0.0.1:0\"$registry_tls}"
        [ $# -eq 0 ] || echo "auth: {htpasswd: {realm: test, path: $registry_home/htpasswd}}"
    } >"$registry_home/config.yml"
    # perl's crypt() knows bcrypt, the only kind that the registry takes.
    [ $# -eq 0 ] || perl -e 'print "$ARGV[0]:", crypt($ARGV[1], "\$2b\$05\$abcdefghijklmnopqrstuu"), "\n"' "$1" "$2" \
        >"$registry_home/htpasswd"
    docker-registry serve "$registry_home/config.yml" >"$registry_log" 2>&1 &
    registry_process=$!
    registry_processes="$registry_processes $registry_process"
    wait_for_line "$registry_log" 'listening on 127\.0\.0\.1:' "$registry_process"
    registry=127.0.0.1:$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$registry_log" | head -n 1)
}

# start_proxy PORT [delay SECONDS] [stall BYTES] [limit BYTES] [cut BYTES]: a way to that port of loopback that is slow,
# stops after so many bytes of answers, refuses larger requests, or ends connections that have sent more; sets $proxy to
# HOST:PORT, and $proxy_log.
start_proxy() {
    proxy_count=$((proxy_count + 1))
    proxy_log=$PWD/proxy-$proxy_count.log
    perl "$RTFX_SOURCE/tests/lib/proxy.pl" "$@" >"$proxy_log" 2>&1 &
    proxy_process=$!
    registry_processes="$registry_processes $proxy_process"
    wait_for_line "$proxy_log" '^listening ' "$proxy_process"
    proxy=127.0.0.1:$(sed -n 's/^listening //p' "$proxy_log")
}

wait_for_line() { # FILE REGEX PROCESS
    registry_tries=0
    until grep -q "$2" "$1" 2>/dev/null; do
        registry_tries=$((registry_tries + 1))
        [ "$registry_tries" -lt 200 ] && kill -0 "$3" 2>/dev/null || { cat "$1" >&2; fail "no line like $2 in $1"; }
        sleep 0.05
    done
}

# ca.pem: an authority of its own; server.pem and server.key: for 127.0.0.1, signed by it.
make_certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=rtfx test authority' -keyout ca.key -out ca.pem 2>openssl.log &&
        openssl req -new -newkey rsa:2048 -nodes -subj '/CN=127.0.0.1' -keyout server.key -out server.csr 2>>openssl.log &&
        echo 'subjectAltName=IP:127.0.0.1' >server.ext &&
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext \
            -out server.pem 2>>openssl.log || { cat openssl.log >&2; fail "no certificate"; }
}

# on HOST COMMAND...: with a cache of its own, as on another machine.
on() {
    on_home=$PWD/$1
    shift
    mkdir -p "$on_home"
    env XDG_CACHE_HOME="$on_home/cache" "$@"
}

# image_on HOST NAME ARCH [TEXT]: an image of one small layer in that host's content store.
image_on() {
    mkdir -p "$1/files-$3"
    echo "${4:-$2 for $3}" >"$1/files-$3/content"
    (cd "$1" && image "$2" "$3" "files-$3") >/dev/null
}

# What the registry has, told by another program.
raw() { # NAME[:TAG]
    skopeo inspect --raw --tls-verify=false "docker://$registry/$1"
}

arches_at() { # NAME:TAG: the arches of the index, sorted, on one line
    raw "$1" | jq -r '.manifests[].platform.architecture' | sort | tr '\n' ' '
}

expect_arches() { # NAME:TAG ARCH...
    expect_name=$1
    shift
    [ "$(arches_at "$expect_name")" = "$* " ] || fail "$expect_name is for $(arches_at "$expect_name")instead of $*"
}

# How many requests with this method the registry has answered so far.
requests() { # METHOD
    grep 'msg="response completed"' "$registry_log" | grep -c "http.request.method=$1 " || :
}
