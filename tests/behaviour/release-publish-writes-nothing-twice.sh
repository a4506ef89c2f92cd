#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Publishing what is there already asks the registry, and writes nothing. What there is to publish is what was decided.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"
start_registry
make_project
published() { "$RTFX" release publish --to "$registry/x" "$@"; }
writes() { echo "$(requests PUT) $(requests POST) $(requests PATCH) $(requests DELETE)"; }

expect_exit 4 published
expect_output 'there is no decision in .*_release'
expect_exit 2 published no-such-release
expect_output 'there is no decided release no-such-release'
expect_exit 2 published ../x
expect_exit 2 published --release 'not a tag'
expect_output 'a tag is wanted'
expect_exit 2 published --release r-0123456789ab
expect_output "names that begin so are rtfx's own"
expect_exit 0 "$RTFX" release --to "$registry/x" --dry-run
expect_exit 4 published
[ "$(writes)" = "0 0 0 0" ] || fail "something was written: $(writes)"

expect_exit 0 "$RTFX" release --to "$registry/x" --release v1 --release stable
id=$(ls _release | sort | tail -n 1)
for name in v1 stable latest; do raw "x/demo/releases:$name" >"$name.json"; done
cmp v1.json stable.json && cmp v1.json latest.json || fail "the record's names differ"
[ "$(raw x/demo/one:v1)" = "$(raw x/demo/one:stable)" ] || fail "the names of an image differ"
expect_arches x/demo/one:v1 amd64 arm64

before=$(writes)
expect_exit 4 published
expect_output "nothing to publish: the newest decision, $id, is published"
expect_exit 0 published "$id" --release v1 --release stable
expect_output 'nothing to do, all is there already: 127'
expect_exit 0 "$RTFX" release --to "$registry/x" --release v1
expect_output 'nothing to do, all is there already: 127'
[ "$(writes)" = "$before" ] || fail "publishing again wrote: $(writes) instead of $before"

# A new name for the same release: that name and nothing else.
expect_exit 0 published "$id" --release v2
[ "$(raw x/demo/one:v2)" = "$(raw x/demo/one:v1)" ] || fail "v2 is something else"
[ "$(requests PUT)" -eq $((${before%% *} + 3)) ] || fail "$(requests PUT) instead of $((${before%% *} + 3)) writes"
[ "$(requests POST)" = "$(echo "$before" | cut -d' ' -f2)" ] || fail "a blob was sent"
