#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every row of the table of linuxkit's verified tags, with what git alone says they must be.
. "$RTFX_SOURCE/tests/lib/tags.sh"
make_repository
foo=$(tree pkg/foo)
bar=$(sha1 "$(tree pkg/bar)" "$(tree pkg/common)" "$(tree src/lib)")
# Output of the script's own does not belong to the work tree.
printf 'errors\noutput\nprinted\n' >.git/info/exclude

tag "linuxkit/foo:$foo" pkg/foo
tag "linuxkit/foo:$foo" pkg/foo/
(cd pkg/foo && tag "linuxkit/foo:$foo" .)
tag "linuxkit/foo:$foo" "$PWD/pkg/../pkg/foo"
tag "docker.io/linuxkit/foo:$foo" --canonical pkg/foo
tag "acme/bar:$bar" pkg/bar
tag "docker.io/acme/bar:$bar
docker.io/linuxkit/foo:$foo" --canonical pkg/bar pkg/foo

tag "myorg/bar:$bar" --org myorg pkg/bar
tag "/foo:$foo" --org '' pkg/foo
tag "my.reg.io:5000/x/foo:$foo" --canonical --org my.reg.io:5000/x pkg/foo
tag "localhost/foo:$foo" --canonical --org localhost pkg/foo

tag acme/bar:abc --hash abc pkg/bar
tag linuxkit/foo:v1-abc --hash abc --tag 'v1-{{.Hash}}' pkg/foo
tag linuxkit/foo:fixed --tag fixed pkg/foo
tag "linuxkit/foo:$(echo "$foo" | cut -c1-7)" --tag '{{slice .Hash 0 7}}' pkg/foo
tag "linuxkit/foo:$foo" --tag '' pkg/foo
USER=alice
export USER
tag alice/foo:dev --dev pkg/foo
tag zz/foo:dev --dev --org zz pkg/foo
tag alice/bar:hh --dev --hash hh pkg/bar

tag "linuxkit/foo:$foo" --hash-commit main pkg/foo
refused 2 'has no commit nosuch' --hash-commit nosuch pkg/foo
tag "linuxkit/foo:$(tree pkg)" --hash-path pkg pkg/foo
tag "linuxkit/foo:$(tree .)" --hash-path . pkg/foo
refused 2 '--hash-path .*/pkg/bar does not contain the package' --hash-path pkg/bar pkg/foo
refused 2 'package .*/pkg/fo is not in git' --hash-path pkg/fo pkg/foo

# Dirt.
tag "linuxkit/foo:$foo-dirty-$(dirt pkg/foo)" --force-dirty pkg/foo
tag linuxkit/foo:abc --force-dirty --hash abc pkg/foo
dirty() { tag "linuxkit/foo:$foo-dirty-$(dirt pkg/foo)" pkg/foo; }
clean() { tag "linuxkit/foo:$foo" pkg/foo; }
undo() { git reset --quiet --hard && git clean --quiet --force -d; }
echo more >>pkg/foo/Dockerfile
dirty
tag "linuxkit/foo:$foo" --hash-commit main pkg/foo
tag "acme/bar:$bar" pkg/bar
tag "linuxkit/foo:$(tree pkg)-dirty-$(dirt pkg/foo)" --hash-path pkg pkg/foo
git add pkg/foo
dirty
undo
echo new >pkg/foo/new
dirty
undo
chmod +x pkg/foo/Dockerfile
dirty
undo
rm pkg/foo/Dockerfile
dirty
undo
echo object >pkg/foo/x.o
clean
echo more >>pkg/common/file
tag "acme/bar:$bar" pkg/bar
echo new >pkg/bar/new
tag "acme/bar:$bar-dirty-$(dirt pkg/bar)" pkg/bar
commit
new=$(sha1 "$(tree pkg/bar)" "$(tree pkg/common)" "$(tree src/lib)")
[ "$new" != "$bar" ] || fail "the extra source does not count"
tag "acme/bar:$new" pkg/bar

# A package that is the repository, one that is not committed, a template of its own.
package . 'image: root'
tag "linuxkit/root:$(tree .)-dirty-$(dirt .)" .
commit
tag "linuxkit/root:$(tree .)" .
package pkg/new 'image: new'
refused 2 'package .*/pkg/new is not in git' pkg/new
tag linuxkit/new:h --hash h pkg/new
package pkg/foo 'image: foo' 'tag: "v-{{.Hash}}"'
commit
tag "linuxkit/foo:v-$(tree pkg/foo)" pkg/foo
tag "linuxkit/foo:q$(tree pkg/foo)" --tag 'q{{.Hash}}' pkg/foo
tag "linuxkit/foo:$(tree pkg/foo)" --tag '{{.Hash}}' pkg/foo

# Names and links.
package 'pkg/with space' 'image: space'
package pkg/grün 'image: green'
ln -s foo pkg/link
commit
tag "linuxkit/space:$(tree 'pkg/with space')" 'pkg/with space'
tag "linuxkit/green:$(tree pkg/grün)" pkg/grün
refused 2 'package .*/pkg/link is not in git' pkg/link
ln -s repo ../linked
tag "linuxkit/foo:v-$(tree pkg/foo)" ../linked/pkg/foo
# linuxkit cannot parse git's answer here.
tag "linuxkit/root:$(tree .)" ../linked
