# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# What ci/release and ci/test share; sourced, with `set -eu`, from the repository's root.

say() {
    echo "${0##*/}: $*" >&2
}

# git refuses a checkout that belongs to somebody else (a bind mount, a CI volume). Whoever starts these scripts
# has chosen to trust the checkout, so git is told so, for this process tree only.
trust_checkout() {
    if error=$(LC_ALL=C git rev-parse --verify -q HEAD 2>&1 >/dev/null); then
        return 0
    fi
    case $error in
        *"dubious ownership"*) ;;
        *) say "$PWD has no git commit to take package tags from${error:+ ($error)}; start from a git clone"; return 1 ;;
    esac
    GIT_CONFIG_COUNT=$((${GIT_CONFIG_COUNT:-0} + 1))
    export GIT_CONFIG_COUNT \
        "GIT_CONFIG_KEY_$((GIT_CONFIG_COUNT - 1))=safe.directory" "GIT_CONFIG_VALUE_$((GIT_CONFIG_COUNT - 1))=$PWD"
}

# ninja itself notices changed CMakeLists.txt, but neither a changed preset nor a moved checkout.
configured() {
    [ -f build/release/build.ninja ] && [ ! CMakePresets.json -nt build/release/build.ninja ] &&
        grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" build/release/CMakeCache.txt
}

configure() {
    cmake --fresh --preset release && touch build/release/build.ninja
}

up_to_date() { # TARGET
    configured && case $(ninja -C build/release -n "$1" 2>&1) in
        *"no work to do."*) true ;;
        *) false ;;
    esac
}

# What a failed build printed from its first error on; before that there is only progress, whose files may be called error.cpp.
# A build that was ended from outside names no error: then its last lines.
build_errors() { # LOG
    if grep -q '^FAILED: \|^CMake Error\|[: ]error: ' "$1"; then
        sed -n '/^FAILED: \|^CMake Error\|[: ]error: /,$p' "$1" | head -n 80
    else
        tail -n 40 "$1"
    fi
}

# Configures when needed and builds TARGET, one caller at a time; says something only when there is something to do.
# cmake's and the compiler's output goes to build/release/ci.log; what failed is shown.
build() { # TARGET
    mkdir -p build/release
    exec 8>build/release/ci.lock
    flock 8
    if ! up_to_date "$1"; then
        build_started=$(date +%s)
        say "building $1; its output goes to build/release/ci.log"
        if ! { { configured || configure; } && cmake --build build/release --target "$1" --parallel "$(nproc)"; } \
            >build/release/ci.log 2>&1 8>&- </dev/null; then
            build_errors build/release/ci.log >&2
            say "building $1 failed after $(($(date +%s) - build_started)) s"
            return 1
        fi
        say "built $1 in $(($(date +%s) - build_started)) s"
    fi
    exec 8>&-
}
