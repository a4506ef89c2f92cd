#!/bin/sh
# SUMMARY: A package's tag is its git tree and what it is built on, and says when that is not what is on disk
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

show_tag() { # PACKAGE
    "$RTFX" pkg show-tag "$repository/pkg/$1" || fail 'pkg show-tag fails'
}
commit() {
    git -C "$repository" -c user.name=test -c user.email=test@localhost commit -q -a -m "$1"
}

tree=$(git -C "$repository" rev-parse HEAD:pkg/debian)
clean=$(show_tag debian)
[ "$clean" = "linuxkit/debian:$tree" ] || fail "tag is $clean, expected linuxkit/debian:$tree"
built_on_it=$(show_tag poweroff)

echo '# changed' >> "$repository/pkg/debian/Dockerfile"
dirty=$(show_tag debian)
case $dirty in
    "linuxkit/debian:$tree-dirty-"*) ;;
    *) fail "tag of a changed package is $dirty, expected linuxkit/debian:$tree-dirty-..." ;;
esac
case $(show_tag poweroff) in
    *-dirty-*) ;;
    *) fail "the tag of a package that is built on a changed one is $(show_tag poweroff)" ;;
esac

commit changed
committed=$(show_tag debian)
[ "$committed" = "linuxkit/debian:$(git -C "$repository" rev-parse HEAD:pkg/debian)" ] || fail "tag after commit is $committed"
[ "$committed" != "$clean" ] || fail 'a changed package has the same tag'
[ "$(show_tag poweroff)" != "$built_on_it" ] || fail 'a package that is built on another one now has the same tag'
