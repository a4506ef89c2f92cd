#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Names, links and whiteouts of layers that point out of the image: refused, or data inside of it. Nothing outside changes.
. "$RTFX_SOURCE/tests/lib/layers.sh"
mkdir outside
echo safe >outside/file
before=$(find outside -printf '%p %s %T@\n')

python <<'PY'
from layers import *
import os
outside = os.getcwd() + "/outside"
store = Store()
store.image("t/parent:1", tar(file("../evil", "x")))
store.image("t/inside:1", tar(directory("a"), file("a/../../evil", "x")))
store.image("t/link:1", tar(file("a", "x"), hardlink("b", "../../../../etc/passwd")))
store.image("t/nothing:1", tar(hardlink("b", outside + "/file")))
store.image("t/whiteout:1", tar(directory("a"), file("a/.wh...", ""), file("b", "b")))
store.image("t/below:1", tar(file("a", "x"), file("a/b", "y")))
store.image("t/circle:1", tar(symlink("a", "b"), symlink("b", "a"), file("a/x", "x")))
store.image("t/absolute:1", tar(file(outside + "/file", "changed"), file("//etc//motd", "m")))
store.image("t/symlink:1", tar(symlink("out", outside), file("out/file", "changed"), symlink("up", "../../../.."),
                               file("up/tmp/file", "t")))
store.image("t/devices:1", tar(("dev/mem2", tarfile.CHRTYPE, "", {"devmajor": 1, "devminor": 1}),
                               ("dev/disk", tarfile.BLKTYPE, "", {"devmajor": 8, "devminor": 0}),
                               ("pipe", tarfile.FIFOTYPE, "")))
store.close()
PY

refused 'layer sha256:.*"\.\./evil" has "\.\."' t/parent:1
refused '"a/\.\./\.\./evil" has "\.\."' t/inside:1
refused 'has "\.\."' t/link:1
refused 'hard link "/b" points to ".*/outside/file", which is not there' t/nothing:1
refused '"/a/b" is below "/a", which is not a directory' t/below:1
refused '"/a/x" leads through too many symbolic links' t/circle:1

expect_exit 0 build t/whiteout:1
files_of_initrd | grep -q ' b *$' || fail "the whiteout of .. hides what is beside it"
expect_exit 0 build t/absolute:1
unpacked absolute
[ "$(cat "absolute$PWD/outside/file")" = changed ] || fail "an absolute name is not relative to the image"
[ "$(cat absolute/etc/motd)" = m ] || fail "doubled slashes"
expect_exit 0 build t/symlink:1
files_of_initrd >files
grep -q "^-.* ${PWD#/}/outside/file " files || { cat files; fail "a link out of the image is not followed inside of it"; }
grep -q '^-.* tmp/file ' files || fail "a link above the root does not end in it"
expect_exit 0 build t/devices:1
zcat out/x-initrd.img | cpio --quiet -tvn >files
grep -q '^crw-r--r--.* 1,  *1 .*dev/mem2$' files && grep -q '^brw-r--r--.* 8,  *0 .*dev/disk$' files &&
    grep -q '^prw-r--r--.*pipe$' files || { cat files; fail "device nodes are lost"; }

[ "$before" = "$(find outside -printf '%p %s %T@\n')" ] || fail "something outside of the image has changed"
[ ! -e evil ] && [ ! -e ../evil ] || fail "something is outside of the image"
nothing_left
