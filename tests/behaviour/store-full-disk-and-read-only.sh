#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A store on a disk that fills up, or that cannot be written: told in one line, and everything that was there stays usable.
. "$RTFX_SOURCE/tests/lib/images.sh"
if [ "${1:-}" != inside ]; then
    # Mounts of a namespace of its own end with it.
    exec unshare --mount "$0" inside
fi
mkdir tree small disk
head -c 6000000 /dev/urandom >tree/data
echo x >tree/file
image demo/big:1 amd64 tree >/dev/null
echo small >small/file
image demo/small:1 arm64 small >/dev/null
for name in big small; do
    skopeo copy -q --insecure-policy --preserve-digests "oci:$PWD/cache/rtfx/store:demo/$name:1" "oci-archive:$name.tar:demo/$name:1"
done

mount -t tmpfs -o size=4m tmpfs disk
export RTFX_CACHE="$PWD/disk"
expect_exit 0 "$RTFX" cache import small.tar
expect_exit 1 "$RTFX" cache import big.tar
expect_output '^rtfx: big.tar: writing to the store .*: No space left on device; make room there \(rtfx cache gc'
[ "$(wc -l <output)" -eq 1 ] || fail "more than one line: $(cat output)"
[ -z "$(find disk -name '*.tmp.*')" ] || fail "left behind: $(find disk -name '*.tmp.*')"
expect_exit 1 "$RTFX" cache import cache/rtfx/store
expect_output 'No space left on device'
expect_exit 0 "$RTFX" cache export --format filesystem --outfile small.fs.tar demo/small:1

# Not even room for another index.json.
head -c 9000000 /dev/zero >disk/fill 2>/dev/null || :
expect_exit 1 "$RTFX" cache import --name demo/other:1 small.tar
expect_output 'No space left on device'
expect_exit 1 "$RTFX" cache rm demo/small:1
expect_output 'index.json: No space left on device; make room'
rm disk/fill
expect_exit 0 "$RTFX" cache ls
expect_output '^demo/small:1'
expect_exit 0 "$RTFX" cache import --name demo/other:1 small.tar

mount -o remount,ro disk
expect_exit 0 "$RTFX" cache ls
expect_output '^demo/other:1'
expect_exit 0 "$RTFX" cache export --outfile from-read-only.tar demo/small:1
for command in "import small.tar" "import --name new:1 small.tar" "rm demo/small:1" gc clean; do
    expect_exit 1 "$RTFX" cache ${command}
    expect_output '^rtfx: .*Read-only file system; make it writable, or choose another place with --cache DIR'
    [ "$(wc -l <output)" -eq 1 ] || fail "more than one line: $(cat output)"
done
RTFX_CACHE="$PWD/disk/none"
expect_exit 1 "$RTFX" cache import small.tar
expect_output 'making the OCI image layout .*: Read-only file system'
expect_exit 0 "$RTFX" cache ls

# A limit on the size of files.
RTFX_CACHE="$PWD/limited"
(
    ulimit -f 100
    trap '' XFSZ
    expect_exit 1 "$RTFX" cache import big.tar
)
expect_output 'File too large; the file size is limited \(ulimit -f\)'
expect_exit 0 "$RTFX" cache import big.tar
