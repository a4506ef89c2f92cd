#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two hosts, which share nothing but the registry, publish different arches under the same tags at the same time.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"
start_registry
make_project
cd ..
sed -i 's/arm64: {stage: first-class}/arm64: {stage: candidate}/' project/rtfx.yml
(cd project && commit "amd64 ships")
cp -r project other
sed -i 's/amd64: {stage: first-class}/amd64: {stage: candidate}/; s/arm64: {stage: candidate}/arm64: {stage: first-class}/' other/rtfx.yml
(cd other && commit "arm64 ships")
tag=$(git -C project rev-parse HEAD:pkg/one)

# A decision on each host; there is nobody at the registry that it names.
decide() { # PROJECT
    (cd "$1" && expect_exit 3 "$RTFX" release --to 127.0.0.1:1/x)
}
RTFX_CACHE=$PWD/cache-1 decide project
RTFX_CACHE=$PWD/cache-2 decide other

for round in 1 2 3; do
    (cd project && RTFX_CACHE=$PWD/../cache-1 "$RTFX" release publish --to "$registry/r$round" --release v1) >first.log 2>&1 &
    first=$!
    (cd other && RTFX_CACHE=$PWD/../cache-2 "$RTFX" release publish --to "$registry/r$round" --release v1) >second.log 2>&1 &
    second=$!
    wait "$first" || { cat first.log >&2; fail "the first publisher failed"; }
    wait "$second" || { cat second.log >&2; fail "the second publisher failed"; }
    for image in one two; do
        expect_arches "r$round/demo/$image:v1" amd64 arm64
    done
    expect_arches "r$round/demo/one:$tag" amd64 arm64
    raw "r$round/demo/releases:latest" >/dev/null || fail "no record"
    rm -f project/_release/*/journal.jsonl other/_release/*/journal.jsonl
done

# On one host the second one waits, and says so.
(cd project && RTFX_CACHE=$PWD/../cache-1 "$RTFX" release publish --to "$registry/same") >first.log 2>&1 &
first=$!
(cd other && RTFX_CACHE=$PWD/../cache-1 "$RTFX" release publish --to "$registry/same") >second.log 2>&1 &
second=$!
wait "$first" || { cat first.log >&2; fail "the first publisher failed"; }
wait "$second" || { cat second.log >&2; fail "the second publisher failed"; }
expect_arches "same/demo/one:$tag" amd64 arm64
