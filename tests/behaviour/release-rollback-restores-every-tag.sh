#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A release is taken back: tags stand for what they stood for before, new ones go away, those that somebody else has
# moved since stay, and the content store is not needed.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"
REGISTRY_STORAGE_DELETE_ENABLED=true
export REGISTRY_STORAGE_DELETE_ENABLED
start_registry
make_project

tags() { # PREFIX: every tag with its digest
    for repository in demo/one demo/two demo/releases; do
        skopeo list-tags --tls-verify=false "docker://$registry/$1/$repository" 2>/dev/null | jq -r '.Tags[]' | sort |
            while read -r name; do echo "$repository:$name $(raw "$1/$repository:$name" | sha256sum)"; done
    done
}
newest() { ls _release | sort | tail -n 1; }

expect_exit 0 "$RTFX" release --to "$registry/x" --release stable
first=$(newest)
tags x >first.txt
echo more >>pkg/one/content
commit "another version"
expect_exit 0 "$RTFX" release --to "$registry/x" --release stable
second=$(newest)
tags x >second.txt
! cmp -s first.txt second.txt || fail "the second release changed nothing"

# Without the content store, and twice.
mv "$RTFX_CACHE" away
expect_exit 0 "$RTFX" release rollback "$second"
expect_output 'demo/one:stable as before'
tags x >back.txt
cmp back.txt first.txt || fail "the tags are not as before: $(diff first.txt back.txt)"
expect_exit 0 "$RTFX" release rollback "$second"
expect_output 'has changed nothing'
rm -rf "$RTFX_CACHE" && mv away "$RTFX_CACHE"

# It can be published again, and is not by itself.
expect_exit 4 "$RTFX" release publish --to "$registry/x"
expect_output "$second, was taken back"
expect_exit 0 "$RTFX" release publish "$second" --to "$registry/x" --release stable
tags x >again.txt
cmp again.txt second.txt || fail "published again: $(diff second.txt again.txt)"

# Somebody else moves a tag: it is left alone, and told.
skopeo copy -q --all --src-tls-verify=false --dest-tls-verify=false "docker://$registry/x/demo/two:stable" "docker://$registry/x/demo/one:stable" ||
    fail "skopeo cannot move a tag"
moved=$(raw x/demo/one:stable | sha256sum)
expect_exit 1 "$RTFX" release rollback "$second"
expect_output 'demo/one:stable NOT as before: somebody else has moved it since'
expect_output '1 of [0-9]* tags could not be taken back'
[ "$(raw x/demo/one:stable | sha256sum)" = "$moved" ] || fail "the tag of somebody else was moved"
tags x | grep -v '^demo/one:stable ' >back.txt
grep -v '^demo/one:stable ' first.txt | cmp back.txt - || fail "the others are not as before"

# A first release, where several new tags stand for the same thing: nothing is left.
expect_exit 0 "$RTFX" release publish "$first" --to "$registry/z" --release v1 --release v2
expect_exit 0 "$RTFX" release rollback "$first" --to "$registry/z"
[ -z "$(tags z)" ] || fail "tags are left: $(tags z)"

# A registry that does not delete tags says which stay.
unset REGISTRY_STORAGE_DELETE_ENABLED
start_registry
expect_exit 0 "$RTFX" release publish "$first" --to "$registry/y"
expect_exit 1 "$RTFX" release rollback "$first" --to "$registry/y"
expect_output 'demo/releases:latest NOT as before: it was new, and the registry does not delete tags'

# A layout: back to nothing.
expect_exit 0 "$RTFX" release publish "$second" --to oci:layout
grep -q demo/releases:latest layout/index.json || fail "nothing was published"
expect_exit 0 "$RTFX" release rollback "$second" --to oci:layout
! grep -q 'demo/[a-z]*:[0-9a-z]*"' layout/index.json || fail "names are left: $(cat layout/index.json)"

expect_exit 2 "$RTFX" release rollback nothing-like-it
expect_output 'there is no decided release nothing-like-it in .*_release; the newest are'
expect_exit 2 "$RTFX" release rollback
