#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cache ls on standard output, sorted, as a table and as JSON; stores where linuxkit has them; wrong command lines.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir tree
head -c 1500000 /dev/zero >tree/data
first=$(image demo/b:1 amd64 tree)
echo x >tree/data
second=$(image demo/a:1 s390x tree)

expect_exit 0 "$RTFX" cache ls
"$RTFX" cache ls 2>/dev/null | tr -s '\t' ' ' >table
cat >wanted <<TABLE
NAME DIGEST PLATFORMS SIZE
demo/a:1 $second linux/s390x 10.8 kB
demo/b:1 $first linux/amd64 1.5 MB
TABLE
diff wanted table || fail "another table"

expect_exit 0 "$RTFX" cache ls --json
jq -e --arg digest "$second" '.[0] | .name == "demo/a:1" and .digest == $digest and .platforms == ["linux/s390x"] and
    .mediaType == "application/vnd.oci.image.manifest.v1+json" and .size > 10240 and (has("damage") | not)' output >/dev/null ||
    fail "another JSON: $(cat output)"
[ "$(jq -r '.[].name' output | tr '\n' ' ')" = "demo/a:1 demo/b:1 " ] || fail "not sorted"

# A directory that is itself a layout, as linuxkit's cache is; a flag, two variables, and a place where nothing is.
cp -r cache/rtfx/store linuxkit-cache
expect_exit 0 "$RTFX" cache ls --cache linuxkit-cache
expect_output '^demo/a:1'
expect_exit 0 env LINUXKIT_CACHE="$PWD/linuxkit-cache" "$RTFX" cache ls
expect_output '^demo/a:1'
expect_exit 0 "$RTFX" --cache "$PWD/empty" cache ls --json
[ "$(cat output)" = "[]" ] || fail "$(cat output)"
[ ! -e empty ] || fail "looking made a directory"

# What a name or a blob has in it does not reach the terminal as it is.
python3 - <<'PY'
import json
path = "cache/rtfx/store/index.json"
index = json.load(open(path))
index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] = "evil\x1b[2J\nname"
json.dump(index, open(path, "w"))
PY
expect_exit 0 "$RTFX" cache ls
expect_output 'evil\\x1b\[2J\\x0aname'
expect_exit 0 "$RTFX" cache rm "$(printf 'evil\033[2J\nname')"

expect_exit 2 "$RTFX" cache
expect_exit 2 "$RTFX" cache lst
expect_exit 2 "$RTFX" cache ls --jsn
expect_exit 2 "$RTFX" cache rm
expect_exit 2 "$RTFX" cache gc --wait soon
expect_exit 2 "$RTFX" cache gc --wait -1
expect_exit 1 "$RTFX" cache rm demo/c:1
expect_output '^rtfx: no image demo/c:1 in the content store .*; did you mean "demo/a:1"\?'
[ "$(wc -l <output)" -eq 1 ] || fail "more than one line"
