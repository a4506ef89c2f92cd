#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two machines that share nothing publish different arches at the same new tag at the same time, through a slow line:
# every time both arches are there in the end.
. "$RTFX_SOURCE/tests/lib/registry.sh"
start_registry
start_proxy "${registry#*:}" delay 0.03

image_on a demo/one:v1 amd64
image_on b demo/one:v1 arm64
for round in 1 2 3 4 5 6 7 8; do
    on a "$RTFX" cache push demo/one:v1 --remote-name "$proxy/demo/one:r$round" --override >a.log 2>&1 &
    first=$!
    on b "$RTFX" cache push demo/one:v1 --remote-name "$proxy/demo/one:r$round" --override >b.log 2>&1 &
    wait "$first" || { cat a.log >&2; fail "round $round: the first could not push"; }
    wait $! || { cat b.log >&2; fail "round $round: the second could not push"; }
    expect_arches "demo/one:r$round" amd64 arm64
done

# The same on one machine, where a lock keeps the order.
image_on a demo/two:v1 arm64
for round in 1 2; do
    on a "$RTFX" cache push demo/one:v1 --remote-name "$proxy/demo/two:r$round" --override >a.log 2>&1 &
    first=$!
    on a "$RTFX" cache push demo/two:v1 --remote-name "$proxy/demo/two:r$round" --override >b.log 2>&1 &
    wait "$first" || { cat a.log >&2; fail "round $round: the first could not push"; }
    wait $! || { cat b.log >&2; fail "round $round: the second could not push"; }
    expect_arches "demo/two:r$round" amd64 arm64
done
