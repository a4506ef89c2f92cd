#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# gc removes what nothing leads to, and waits for an import that is under way, whose blobs have no name yet.
. "$RTFX_SOURCE/tests/lib/images.sh"
export RTFX_CACHE="$PWD/cache/rtfx"
store=$RTFX_CACHE/store
mkdir one two
head -c 3000000 /dev/urandom >one/data
echo x >two/data
image demo/one:1 amd64 one >/dev/null
image demo/two:1 arm64 two >/dev/null
expect_exit 0 "$RTFX" cache export --outfile one.tar demo/one:1
kept=$(find "$store/blobs" -type f | sort | sha256sum)

# What killed processes leave.
echo half >"$store/blobs/sha256/incoming.tmp.1.s0"
echo half >"$store/index.json.tmp.999999.s4"
garbage=$(printf 'garbage' | sha256sum | cut -d' ' -f1)
printf garbage >"$store/blobs/sha256/$garbage"
echo mine >"$store/notes"

"$RTFX" cache gc --dry-run >would 2>sum
grep -q "^would remove .* files" sum || fail "$(cat sum)"
grep -qx "$store/blobs/sha256/$garbage" would || fail "$(cat would)"
[ -e "$store/blobs/sha256/$garbage" ] || fail "--dry-run removes"
"$RTFX" cache gc >removed 2>sum
cmp would removed || fail "something else was removed than was told"
[ "$kept" = "$(find "$store/blobs" -type f | sort | sha256sum)" ] || fail "$(find "$store/blobs" -type f)"
[ -e "$store/notes" ] || fail "a file that is nobody's business is gone"
[ ! -e "$store/index.json.tmp.999999.s4" ] || fail "the half index is left"
expect_exit 0 "$RTFX" cache gc
expect_output '^removed 0 files'

# An import that has got the first half of its archive.
expect_exit 0 "$RTFX" cache rm demo/one:1
mkfifo pipe
"$RTFX" cache import - <pipe >imported 2>&1 &
importing=$!
exec 5>pipe
size=$(stat -c %s one.tar)
head -c $((size - 2000)) one.tar >&5
tries=0
until [ "$(find "$store/blobs" -size +1000k | wc -l)" -eq 1 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "the import does not write"
    sleep 0.1
done
expect_exit 1 "$RTFX" cache gc --wait 0
expect_output '^rtfx: others are writing to the store .*; nothing was removed'
expect_exit 0 "$RTFX" cache rm demo/two:1
expect_output 'the blobs stay until rtfx cache gc'
"$RTFX" cache gc --wait 30 >collected 2>&1 5>&- &
collecting=$!
sleep 0.5
kill -0 "$collecting" || fail "gc did not wait: $(cat collected)"
tail -c 2000 one.tar >&5
exec 5>&-
wait "$importing" || fail "the import failed: $(cat imported)"
wait "$collecting" || fail "gc failed: $(cat collected)"
grep -q '^removed 3 files' collected || fail "demo/two was to go: $(cat collected)"
skopeo copy -q --insecure-policy "oci:$store:demo/one:1" oci:copy:x || fail "gc has broken what was being imported"

expect_exit 0 "$RTFX" cache clean --dry-run
expect_output '^would remove 3 files'
expect_exit 0 "$RTFX" cache clean
expect_exit 0 "$RTFX" cache ls --json
[ "$(cat output)" = "[]" ] || fail "not clean: $(cat output)"
[ -z "$(find "$store/blobs" -type f)" ] || fail "blobs are left"
expect_exit 0 "$RTFX" cache import one.tar
