# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts of rtfx pkg build: a repository of packages that users could have, built by the real
# buildah. base is a busybox of this host's arch, and for others only its name, so nothing is downloaded.

. "$RTFX_SOURCE/tests/lib/registry.sh"
unset RTFX_BUILDERS LINUXKIT_BUILDERS || :
# No docker of whoever runs the tests: buildah builds everything.
export DOCKER_CONFIG="$PWD/docker-config"

host_arch=$(dpkg --print-architecture)
case $host_arch in # another one, for which nothing of the builds has to run
    riscv64) other_arch=arm64 ;;
    *) other_arch=riscv64 ;;
esac
both="linux/$host_arch,linux/$other_arch"

# package DIR BUILD-YML [DOCKERFILE-LINE]...: at least an image name; without lines it copies ./content into scratch.
package() {
    mkdir -p "repo/$1"
    printf '%s\n' "$2" >"repo/$1/build.yml"
    echo "content of $1" >"repo/$1/content"
    package_dir=$1
    shift 2
    [ $# -gt 0 ] || set -- 'FROM scratch' 'COPY content /'
    for line; do echo "$line"; done >"repo/$package_dir/Dockerfile"
}

commit() {
    git -C repo add -A
    git -C repo -c user.name=Test -c user.email=test@example.org commit -q -m "${1:-change}"
}

make_repository() {
    mkdir repo
    git -C repo init -q -b main
    package pkg/base 'image: base' 'FROM scratch' 'COPY root /'
    mkdir -p repo/pkg/base/root/bin
    cp /bin/busybox repo/pkg/base/root/bin/
    for applet in cat date echo false ls mkdir nc seq sh sleep wget yes; do
        ln -s busybox "repo/pkg/base/root/bin/$applet"
    done
    commit first
}

# The tag of a package: what git says of its directory.
tree() { # DIR
    git -C repo rev-parse "HEAD:$1"
}

# A package's files, as a tar listing or the content of one of them.
files_of() { # NAME ARCH
    rm -f files.tar
    "$RTFX" cache export --format filesystem --platform "linux/$2" --outfile files.tar "$1" >/dev/null 2>&1
    tar -tf files.tar
}
file_of() { # NAME ARCH PATH
    rm -f files.tar
    "$RTFX" cache export --format filesystem --platform "linux/$2" --outfile files.tar "$1" >/dev/null 2>&1
    tar -xOf files.tar "$3"
}

# The whole store is valid: every name resolves, and every blob is what its name says.
expect_valid_store() {
    store=$XDG_CACHE_HOME/rtfx/store
    jq -e '.manifests | type == "array"' "$store/index.json" >/dev/null || fail "index.json is broken"
    for blob in "$store"/blobs/sha256/*; do
        case $blob in *.tmp.* | *'*') continue ;; esac
        [ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ] || fail "$blob has other bytes than its name says"
    done
    for digest in $(jq -r '.manifests[].digest' "$store/index.json"); do
        [ -f "$store/blobs/sha256/${digest#sha256:}" ] || fail "index.json names $digest, which is not there"
    done
}
