# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts of releases: a small project with real packages that build in a second, without a
# base image and without a guest.


. "$RTFX_SOURCE/tests/lib/expect.sh"

# The bytes of a folder, to be compared with themselves later.
bytes_of() { # DIR
    [ -e "$1" ] || { echo absent; return; }
    (cd "$1" && find . -type f | LC_ALL=C sort | xargs -r sha256sum)
}

package() { # NAME [DOCKERFILE LINE]...
    mkdir -p "pkg/$1"
    printf 'image: %s\ngitrepo: ""\narches: [amd64, arm64, riscv64]\n' "$1" >"pkg/$1/build.yml"
    echo "$1" >"pkg/$1/content"
    name=$1
    shift
    {
        echo 'FROM scratch'
        echo "COPY content /$name"
        for line; do echo "$line"; done
    } >"pkg/$name/Dockerfile"
}

test_case() { # DIR SCRIPT-TEXT
    mkdir -p "cases/$1"
    printf '#!/bin/sh\n# SUMMARY: %s\n%s\n' "$1" "$2" >"cases/$1/test.sh"
    chmod +x "cases/$1/test.sh"
}

commit() {
    git add -A
    git -c user.name=Test -c user.email=test@example.org commit -q -m "$1"
}

# Makes ./project and changes into it: packages one and two, cases demo.ok.first and demo.ok.second.
make_project() {
    RTFX_CACHE=$PWD/cache
    export RTFX_CACHE
    export RTFX_DEBIAN_MIRROR="${RTFX_DEBIAN_MIRROR:-http://127.0.0.1:9/none}"
    mkdir project
    cd project
    git init -q .
    printf '_release/\n_results/\n_build/\noutput\n' >.gitignore
    cat >rtfx.yml <<'YML'
org: demo
registry: oci:_release/oci
arches:
  amd64: {stage: first-class}
  arm64: {stage: first-class}
  riscv64: {stage: candidate}
packages: [pkg/*]
cases: cases
gate:
  suites: [demo.ok]
  optional-labels: [slow]
YML
    package one
    package two
    mkdir -p cases/010_ok
    printf '# SUMMARY: the demo\n# NAME: demo\n' >cases/group.sh
    printf '# SUMMARY: what the gate asks for\n# NAME: ok\n' >cases/010_ok/group.sh
    test_case 010_ok/010_first 'test -n "$RTFX_ARCH"'
    test_case 010_ok/020_second 'exit 0'
    commit "a small project"
}

indexes() { # names of packages in the target, without the per-arch tags and what is attached
    grep -o '"org.opencontainers.image.ref.name":"[^"]*"' _release/oci/index.json | cut -d'"' -f4 |
        grep -vE -- '(-(amd64|arm64|riscv64)|^demo/releases:.*|:sha256-.*)$'
}
