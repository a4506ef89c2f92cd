#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Package files that are wrong: each is told with file and line, nothing is built, and the store is not even made.
set -eu

. "$RTFX_SOURCE/tests/lib/packages.sh"
mkdir -p repo/p outside
git -C repo init -q -b main
echo 'FROM scratch' >outside/Dockerfile
ln -s ../../outside/Dockerfile repo/p/linked
ln -s ../../outside repo/p/away
mkdir repo/p/sub
echo 'FROM scratch' >repo/p/Dockerfile
digest=sha256:$(printf x | sha256sum | cut -d' ' -f1)

table() { # LINE-REGEX BUILD-YML [FLAG]...
    line=$1
    printf '%b' "$2" >repo/p/build.yml
    git -C repo add -A
    git -C repo -c user.name=T -c user.email=t@example.org commit -q --allow-empty -m x
    shift 2
    expect_exit 2 "$RTFX" pkg build --offline --platforms linux/amd64 "$@" repo/p
    expect_output "$line"
    [ "$(grep -c '^rtfx: ' output)" -eq 1 ] || fail "not one line: $(cat output)"
    [ ! -e "$XDG_CACHE_HOME/rtfx/store/index.json" ] || [ "$("$RTFX" cache ls --json | jq length)" = 0 ] ||
        fail "something was built"
}

p=repo/p/build.yml
table "$p: is empty; at least \"image: NAME\" is needed" ''
table "$p:1: .*image" 'org: x\n'
table "$p:2: .*unknown key \"imgae\".*image" 'image: a\nimgae: b\n'
table "$p:2: .*twice|$p:2: .*duplicate" 'image: a\nimage: b\n'
table "$p:1: " 'image: [a]\n'
table "$p:[12]: not valid YAML" 'image: [a\n'
table "$p:2: .*second document|$p:.*document" 'image: a\n---\nimage: b\n'
table "\"linuxkit/X Y:[0-9a-f]*\" cannot be the name of an image" 'image: "X Y"\n'
table "\"/a:[0-9a-f]*\" cannot be the name of an image" 'image: a\norg: ""\n'
table "$p:2: package.network: expected true or false" 'image: a\nnetwork: perhaps\n'
table "$p:2: .*arm64 twice" 'image: a\narches: [arm64, arm64]\n'
table "$p:2: .*template" 'image: a\ntag: "{{.Hash"\n'
table "$p:2: .*template" 'image: a\ntag: "{{.Foo}}"\n'

# Paths that lead out of the package.
table "$p:2: dockerfile must be a path inside the package" 'image: a\ndockerfile: ../Dockerfile\n'
table "$p:2: dockerfile must be a path inside the package" "image: a\ndockerfile: $PWD/outside/Dockerfile\n"
table "repo/p/linked is a link to a file outside the package" 'image: a\ndockerfile: linked\n'
table "repo/p/away/Dockerfile is a link to a file outside the package" 'image: a\ndockerfile: away/Dockerfile\n'
table "there is no .*repo/p/nosuch" 'image: a\ndockerfile: nosuch\n'
table "dockerfile must be a path inside|outside the package" 'image: a\n' --dockerfile ../../outside/Dockerfile
table "outside the package" 'image: a\n' --dockerfile linked
table "$p:2: .*SOURCE:DESTINATION" 'image: a\nextra-sources: [x]\n'
table "$p:2: .*not inside the build context" 'image: a\nextra-sources: ["../p:../x"]\n'
table "extra source .*outside is not a directory in a git repository" 'image: a\nextra-sources: ["../../outside:/x"]\n'
table "extra source .*nosuch" 'image: a\nextra-sources: ["../nosuch:/x"]\n'
for target in ../x /x .; do
    table "$p:[0-9]+: .*target" "image: a\ndepends:\n  docker-images:\n    list: [a@$digest]\n    target: $target\n"
    table "$p:[0-9]+: .*target" "image: a\ndepends:\n  rootfs:\n    suite: trixie\n    target: $target\n"
    table "$p:[0-9]+: .*target" "image: a\ndepends:\n  mirror:\n    suite: trixie\n    packages: [jq]\n    target: $target\n"
done
table "$p:[0-9]+: .*digest" 'image: a\ndepends:\n  docker-images:\n    list: [alpine:3]\n    target: x.tar\n'
table "$p:[0-9]+: .*from-file" "image: a\ndepends:\n  docker-images:\n    list: [a@$digest]\n    from-file: x\n    target: x.tar\n"

# Build arguments.
table "$p:2: .*NAME=VALUE" 'image: a\nbuildArgs: [x]\n'
table "$p:2: .*unknown value \"@lkt:x\"" 'image: a\nbuildArgs: ["A=@lkt:x"]\n'
table "$p:2: .*nosuch: there is no such directory" 'image: a\nbuildArgs: ["A=@lkt:pkg:../nosuch"]\n'
table "$p:2: .*needs a %" 'image: a\nbuildArgs: ["A=@lkt:pkgs:../*"]\n'
table "$p:2: .*circle" 'image: a\nbuildArgs: ["A=@lkt:pkg:../p"]\n'

# Dockerfiles.
for broken in '' 'RUN x' 'FROM' 'FROM a b' 'FROM ${UNSET}' 'FROM ${UNSET'; do
    echo "$broken" >repo/p/Dockerfile
    case $broken in
        '' | RUN*) table 'repo/p/Dockerfile: there is no FROM line' 'image: a\n' ;;
        *) table 'repo/p/Dockerfile:1: |FROM is to be followed' 'image: a\n' ;;
    esac
done
echo 'FROM scratch' >repo/p/Dockerfile

# Arches: none is no error; an unknown one has no row.
printf 'image: a\narches: [arm46, amd64]\n' >repo/p/build.yml
commit arches
expect_exit 4 "$RTFX" pkg build --offline repo/p
expect_output "^rtfx: .*$p: unknown arch \"arm46\"; did you mean \"arm64\""

# Not there, not a package, a file.
expect_exit 2 "$RTFX" pkg build --offline repo/nosuch
expect_output '^rtfx: .*repo/nosuch: there is no such directory$'
expect_exit 2 "$RTFX" pkg build --offline outside
expect_output 'outside: no package: there is no build.yml'
expect_exit 2 "$RTFX" pkg build --offline repo/p/Dockerfile
expect_output 'not a directory; give a package'
expect_exit 2 "$RTFX" pkg build --offline --build-yml nosuch.yml repo/p
expect_output 'there is no nosuch.yml'
