#!/bin/sh
# SUMMARY: A package's tag is its git tree, and says when that is not what is on disk
# LABELS:
# REPEAT:
# TIMEOUT: 60
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

# A repository of its own: whether this one is clean right now must not matter.
repository=$RTFX_TMP/repository
mkdir -p "$repository/pkg"
cp -R "$RTFX_PROJECT/pkg/poweroff" "$RTFX_PROJECT/pkg/debian" "$repository/pkg/"
git -C "$repository" init -q
git -C "$repository" add .
git -C "$repository" -c user.name=test -c user.email=test@localhost commit -q -m test

show_tag() {
    "$RTFX" pkg show-tag "$repository/pkg/poweroff" || fail 'pkg show-tag fails'
}

tree=$(git -C "$repository" rev-parse HEAD:pkg/poweroff)
clean=$(show_tag)
[ "$clean" = "linuxkit/poweroff:$tree" ] || fail "tag is $clean, expected linuxkit/poweroff:$tree"

echo '# changed' >> "$repository/pkg/poweroff/Dockerfile"
dirty=$(show_tag)
case $dirty in
    "linuxkit/poweroff:$tree-dirty-"*) ;;
    *) fail "tag of a changed package is $dirty, expected linuxkit/poweroff:$tree-dirty-..." ;;
esac

git -C "$repository" -c user.name=test -c user.email=test@localhost commit -q -a -m changed
committed=$(show_tag)
[ "$committed" = "linuxkit/poweroff:$(git -C "$repository" rev-parse HEAD:pkg/poweroff)" ] || fail "tag after commit is $committed"
[ "$committed" != "$clean" ] || fail 'a changed package has the same tag'
