# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts of tags: a repository ./repo as the reference of linuxkit's verified cases has it.
# What is expected is computed by git's plumbing and sha1sum/sha256sum alone.

: "${RTFX:?}" "${RTFX_SOURCE:?}"
. "$RTFX_SOURCE/tests/lib/expect.sh"
export LC_ALL=C GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE || :
# An own home: settings of git's and rtfx's users are none of the tests'.
HOME=$PWD/home
RTFX_CACHE=$PWD/cache
export HOME RTFX_CACHE
mkdir -p "$HOME"

commit() { # [GIT-INIT-FLAG...]
    [ -e .git ] || git init --quiet --initial-branch=main "$@" .
    git add --all
    git commit --quiet --message change
}

package() { # DIR [BUILD.YML-LINE...]
    mkdir -p "$1"
    directory=$1
    shift
    for line; do echo "$line"; done >"$directory/build.yml"
    printf 'FROM scratch\nCOPY build.yml /\n' >"$directory/Dockerfile"
}

# foo is simple; bar has an organisation and two extra sources. Changes into ./repo.
make_repository() { # [GIT-INIT-FLAG...]
    mkdir repo
    cd repo
    package pkg/foo 'image: foo'
    package pkg/bar 'image: bar' 'org: acme' 'extra-sources:' '  - ../common:/common' '  - ../../src/lib:/lib'
    mkdir -p pkg/common src/lib
    echo common >pkg/common/file
    echo lib >src/lib/file
    echo '*.o' >.gitignore
    commit "$@"
}

tree() { # DIR [COMMIT]: "." is the root
    case $1 in
        .) git rev-parse "${2:-HEAD}^{tree}" ;;
        *) git rev-parse "${2:-HEAD}:$1" ;;
    esac
}

sha1() { # TEXT...: of all of it, nothing between
    printf %s "$@" | sha1sum | cut -d' ' -f1
}

# The seven digits of a dirty package: contents in the order of git's index, then those of untracked files.
dirt() { # DIR
    (cd "$1" && {
        git ls-files
        git ls-files --exclude-standard --others
    } | while IFS= read -r name; do
        if [ -f "$name" ] && [ ! -h "$name" ]; then cat "./$name"; fi
    done) | sha256sum | cut -c1-7
}

# tag WANTED ARGUMENT...: what show-tag prints, and exit 0.
tag() {
    wanted=$1
    shift
    got=$("$RTFX" pkg show-tag "$@" 2>errors) || { cat errors >&2; fail "show-tag $* has failed"; }
    [ "$got" = "$wanted" ] || fail "show-tag $*: $got instead of $wanted"
}

# refused CODE REGEX ARGUMENT...: nothing on standard output, one line that says why.
refused() {
    code=$1 regex=$2
    shift 2
    got=0
    "$RTFX" pkg show-tag "$@" >printed 2>output || got=$?
    [ "$got" -eq "$code" ] || { cat output >&2; fail "exit $got instead of $code: show-tag $*"; }
    [ ! -s printed ] || fail "show-tag $* has printed a tag"
    [ "$(wc -l <output)" -eq 1 ] || { cat output >&2; fail "show-tag $*: not one line"; }
    expect_output "$regex"
}

# project linuxkit|deep: an rtfx.yml, outside git's sight, that chooses the kind of tags.
project() {
    mkdir -p cases
    cat >rtfx.yml <<YML
org: linuxkit
registry: oci:_release/oci
tags: $1
arches:
  amd64: {stage: first-class}
cases: cases
gate:
  suites: [demo]
YML
}
