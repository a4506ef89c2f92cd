#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where outputs of rtfx build go, and what becomes of those that are there when it cannot write.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir files && echo kernel >files/kernel
head -c 3000000 /dev/urandom >files/init
image org/both:1 amd64 files >/dev/null
echo 'kernel: {image: org/both:1, tar: none, cmdline: console=ttyS0}
init: [org/both:1]' >x.yml
build() {
    "$RTFX" build --offline --arch amd64 "$@"
}

# --o
expect_exit 0 build --o one.tar x.yml
expect_exit 0 build -f tar --name two x.yml
cmp one.tar two.tar || fail '--o writes something else'
build --o - x.yml >three.tar || fail '--o - does not work'
cmp one.tar three.tar || fail 'standard output gets something else'
build -f tar --o - - <x.yml >four.tar || fail 'standard input does not work'
cmp one.tar four.tar || fail 'standard input gives something else'
build --o /dev/stdout x.yml | cmp - one.tar || fail '/dev/stdout gets something else'
expect_exit 0 build --o /dev/null x.yml
echo old >one.tar
expect_exit 0 build --o one.tar x.yml
cmp one.tar two.tar || fail 'an old file is not replaced'
[ "$(find . -name '.rtfx-output*' -o -name '*.tmp.*')" = '' ] || fail 'something is left'
expect_exit 0 build --json --o one.tar x.yml
jq -e '.outputs[0].path == "one.tar"' output >/dev/null || fail 'the JSON does not name FILE'
expect_exit 0 build - <x.yml
[ -s moby-initrd.img ] && [ -s moby-kernel ] || fail 'standard input is not called moby'

refused() { # REGEX FLAGS...
    message=$1
    shift
    expect_exit 2 build "$@"
    expect_output "^rtfx: $message"
    [ "$(wc -l <output)" -eq 1 ] || { cat output >&2; fail "more than one line: $*"; }
}
refused '--o and --name exclude' --o a.tar --name b x.yml
refused '--o and --dir exclude' --o a.tar --dir . x.yml
refused '--o is for the formats tar and docker' --o a -f kernel+initrd x.yml
refused '--o: files is a directory' --o files x.yml
refused '--o: nowhere is not a directory' --o nowhere/a.tar x.yml
refused '--dir: nowhere is not a directory' --dir nowhere x.yml
refused '--dir: x.yml is not a directory' --dir x.yml x.yml
refused '--name: "a/b" is not a file name' --name a/b x.yml
refused 'format tar must be the only one' -f tar,kernel+initrd x.yml
refused 'format docker must be the only one' -f kernel+initrd -f docker x.yml
refused 'unknown format "rpi3"' -f rpi3 x.yml
refused 'unknown format ""' -f kernel+initrd, x.yml
refused 'formats vhd and dynamic-vhd would both write NAME.vhd' -f vhd,dynamic-vhd x.yml
for size in 0 x 5T -1 '' 1.5G 99999999999G M; do
    refused '--size: expected a size such as 512M or 2G' --size "$size" x.yml
done
refused 'unknown compression "gzp"; did you mean "gzip"' --compress gzp x.yml
refused '--input-tar and --pull exclude' --input-tar one.tar --pull x.yml
refused '--offline and --pull exclude' --pull x.yml
refused 'standard input \(-\) can be read only once' - - </dev/null
refused '--sbom-output: expected a path' --sbom-output '' x.yml
refused '--sbom-output: expected a path' --sbom-output / x.yml
refused '--sbom-output: the path "../x" has' --sbom-output ../x x.yml
for size in 512M 2G 3; do
    expect_exit 0 build -size $size --dry-run x.yml
done
expect_exit 0 build -format=kernel+initrd,tar-kernel-initrd -name both x.yml
[ -s both-initrd.img ] && [ -s both-initrd.tar ] || fail 'several formats are not written'

# The old outputs stay.
mkdir out && echo old >out/x-initrd.img
echo 'init: [org/missing:1]' >bad.yml
expect_exit 1 build --dir out --name x bad.yml
[ "$(cat out/x-initrd.img)" = old ] && [ "$(ls out)" = x-initrd.img ] || fail 'the old outputs are gone'
chmod a-w out
if ! touch out/test 2>/dev/null; then
    expect_exit 1 build --dir out x.yml
    expect_output 'out/.*: Permission denied'
fi
chmod u+w out
rm -f out/test
if [ "$(id -u)" -eq 0 ] && mkdir small && mount -t tmpfs -o size=2m tmpfs small 2>/dev/null; then
    trap 'umount small' EXIT
    echo old >small/x-initrd.img
    expect_exit 1 build --no-cache --dir small x.yml
    expect_output 'No space left on device'
    [ "$(cat small/x-initrd.img)" = old ] || fail 'the old initrd is gone'
    [ "$(ls -A small)" = x-initrd.img ] || fail "left on the full disk: $(ls -A small)"
    mount -o remount,ro small
    expect_exit 1 build --no-cache --dir small x.yml
    expect_output 'Read-only file system'
    expect_exit 1 build --no-cache --o small/x.tar x.yml
    expect_output 'Read-only file system'
fi
