#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A registry that sends other bytes, one that cannot be asked, and a pull that ends in between: an error, and a store
# that is whole and names nothing of it.
. "$RTFX_SOURCE/tests/lib/registry.sh"
start_registry
mkdir -p publisher/files-amd64
head -c 20000000 /dev/urandom >publisher/files-amd64/big
image_on publisher demo/one:v1 amd64
expect_exit 0 on publisher "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1"

unnamed() { # HOST
    [ "$(jq '.manifests | length' "$1/cache/rtfx/store/index.json" 2>/dev/null || echo 0)" -eq 0 ] || fail "$1 has a name"
    for blob in "$1"/cache/rtfx/store/blobs/sha256/*; do
        [ -e "$blob" ] || continue
        [ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ] || fail "$blob is damaged"
    done
}

# Through a line that goes dead in the middle of the layer, until Ctrl-C.
start_proxy "${registry#*:}" stall 12000000
mkdir cut
env XDG_CACHE_HOME="$PWD/cut/cache" "$RTFX" cache pull "$proxy/demo/one:v1" >cut.log 2>&1 &
pulling=$!
tries=0
until [ -n "$(find cut -type f -size +1000k 2>/dev/null)" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat cut.log >&2; fail "nothing of the layer arrived"; }
    sleep 0.1
done
kill -TERM "$pulling"
status=0
wait "$pulling" || status=$?
[ "$status" -eq 130 ] || { cat cut.log >&2; fail "exit $status instead of 130"; }
unnamed cut
expect_exit 0 on cut "$RTFX" cache pull "$registry/demo/one:v1"

# Another byte in the layer, as a bad disk of the registry would have it.
layer=$(raw demo/one:v1 | jq -r '.manifests[0].digest') && layer=$(raw "demo/one@$layer" | jq -r '.layers[0].digest')
data=$(find "$registry_data" -path "*${layer#sha256:}/data")
printf X | dd of="$data" bs=1 seek=1000 conv=notrunc 2>/dev/null
expect_exit 1 on corrupt "$RTFX" cache pull "$registry/demo/one:v1"
expect_output "asking $registry for blob $layer"
unnamed corrupt

# A blob that is gone.
rm "$data"
expect_exit 1 on gone "$RTFX" cache pull "$registry/demo/one:v1"
expect_output "asking $registry for blob $layer"
unnamed gone

# A registry that does not run is not one that has nothing.
kill "$registry_process"
wait "$registry_process" 2>/dev/null || :
expect_exit 3 on down "$RTFX" cache pull "$registry/demo/one:v1"
expect_output "asking $registry for demo/one:v1: .*is it running"
expect_exit 3 on publisher "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1"
expect_output "asking $registry for demo/one"
expect_exit 3 on down "$RTFX" cache pull nobody.invalid/demo/one:v1
expect_output 'is the name right, and is there a network'
