#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C while an image is assembled: exit 130 at once, the outputs are the old ones, nothing else is left.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir files out
i=0
while [ $i -lt 24 ]; do
    head -c 4000000 /dev/urandom >"files/$i"
    i=$((i + 1))
done
image org/big:1 amd64 files >/dev/null
echo 'init: [org/big:1]' >x.yml
echo old >out/x-initrd.img

"$RTFX" build --no-cache --arch amd64 --dir out x.yml >output 2>&1 &
pid=$!
tries=0
until find out -name '*.tmp.*' | grep -q .; do
    tries=$((tries + 1))
    [ $tries -lt 1000 ] || fail 'the build does not begin to write'
    sleep 0.02
done
kill -INT $pid
code=0
wait $pid || code=$?
[ $code -eq 130 ] || { cat output >&2; fail "exit $code instead of 130"; }
[ "$(cat out/x-initrd.img)" = old ] || fail 'the old initrd is gone'
[ "$(ls out)" = x-initrd.img ] || fail "left over: $(ls out)"
