#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 at every line of the journal, through a slow way to the registry: no tag names anything incomplete, and
# `rtfx release publish` comes to the same end as if nothing had happened.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"
start_registry
make_project
start_proxy "${registry#*:}" delay 0.01

expect_exit 0 "$RTFX" release --to "$proxy/whole" --release v1
id=$(ls _release)
journal=_release/$id/journal.jsonl
cp "$journal" undisturbed.jsonl

# Everything that a repository path of the registry has: its tags with their digests.
content() { # PREFIX
    for repository in demo/one demo/two demo/releases; do
        skopeo list-tags --tls-verify=false "docker://$registry/$1/$repository" 2>/dev/null | jq -r '.Tags[]' | sort |
            while read -r name; do
                raw "$1/$repository:$name" >manifest.json || fail "$1/$repository:$name cannot be read"
                for child in $(jq -r '.manifests[]?.digest' manifest.json); do
                    skopeo inspect --raw --tls-verify=false "docker://$registry/$1/$repository@$child" >/dev/null ||
                        fail "$1/$repository:$name lists $child, which is not there"
                done
                echo "$repository:$name $(sha256sum <manifest.json)"
            done
    done
}
content whole >whole.txt
[ "$(wc -l <whole.txt)" -eq 11 ] || fail "expected 11 tags: $(cat whole.txt)"

lines=$(wc -l <undisturbed.jsonl)
point=2 killed=0
while [ "$point" -le "$lines" ]; do
    head -n 1 undisturbed.jsonl >"$journal"
    "$RTFX" release publish "$id" --to "$proxy/at$point" --release v1 >publish.log 2>&1 &
    publisher=$!
    while [ "$(wc -l <"$journal")" -lt "$point" ] && kill -0 "$publisher" 2>/dev/null; do sleep 0.002; done
    kill -9 "$publisher" 2>/dev/null && killed=$((killed + 1))
    wait "$publisher" 2>/dev/null || :
    content "at$point" >half.txt
    while read -r line; do
        grep -qxF "$line" whole.txt || fail "killed at line $point: $line is not in an undisturbed release"
    done <half.txt
    ! grep -q '^demo/releases:latest ' half.txt || cmp half.txt whole.txt || fail "latest before the rest"
    printf '{"time": "torn' >>"$journal"
    expect_exit 0 "$RTFX" release publish "$id" --to "$proxy/at$point" --release v1
    content "at$point" >again.txt
    cmp again.txt whole.txt || fail "killed at line $point and done again: the content differs"
    point=$((point + 1))
done
echo "killed at $killed of $((lines - 1)) lines of the journal"
[ "$killed" -ge 5 ] || fail "only $killed were killed in time"
