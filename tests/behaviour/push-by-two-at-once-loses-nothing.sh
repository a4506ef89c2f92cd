#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two machines that share nothing publish different arches at the same new tag at the same time, through a slow line:
# every time both arches are there in the end.
. "$RTFX_SOURCE/tests/lib/registry.sh"
start_registry
start_proxy "${registry#*:}" delay 0.03

publish() { # HOST IMAGE REPOSITORY:TAG: in the background
    publish_log=$(echo "$1-$2-$3" | tr '/:' '__').log
    on "$1" "$RTFX" cache push "$2" --remote-name "$proxy/$3" --override >"$publish_log" 2>&1 &
    publishers="$publishers $!,$publish_log"
}

wait_for_publishers() {
    for publisher in $publishers; do
        wait "${publisher%,*}" || { cat "${publisher#*,}" >&2; fail "could not publish"; }
    done
    publishers=
}

# Eight times, each at a tag of its own.
image_on a demo/one:v1 amd64
image_on b demo/one:v1 arm64
publishers=
for round in 1 2 3 4 5 6 7 8; do
    publish a demo/one:v1 "demo/one:r$round"
    publish b demo/one:v1 "demo/one:r$round"
done
wait_for_publishers
for round in 1 2 3 4 5 6 7 8; do expect_arches "demo/one:r$round" amd64 arm64; done

# The same on one machine, where a lock keeps the order.
image_on a demo/two:v1 arm64
for round in 1 2 3 4; do
    publish a demo/one:v1 "demo/two:r$round"
    publish a demo/two:v1 "demo/two:r$round"
done
wait_for_publishers
for round in 1 2 3 4; do expect_arches "demo/two:r$round" amd64 arm64; done
