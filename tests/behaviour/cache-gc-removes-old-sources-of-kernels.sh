#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sources and objects of kernels that were not used for a month go with `cache gc`; those of a build that runs do not.
. "$RTFX_SOURCE/tests/lib/expect.sh"
export RTFX_CACHE="$PWD/cache"
kernels=$RTFX_CACHE/kernels
mkdir -p "$kernels/source/0123456789abcdef/init" "$kernels/source/fedcba9876543210" "$kernels/build/6.12-amd64-0123456789abcdef/objects"
echo int >"$kernels/source/0123456789abcdef/init/main.c"
touch -d '40 days ago' "$kernels/source/0123456789abcdef" "$kernels/build/6.12-amd64-0123456789abcdef"

expect_exit 0 "$RTFX" cache gc --dry-run
expect_output "^$kernels/source/0123456789abcdef$"
expect_output '^would remove 2 folders and downloads of kernels, '
[ -e "$kernels/source/0123456789abcdef/init/main.c" ] || fail "--dry-run removes"

: >"$kernels/lock"
expect_exit 0 flock "$kernels/lock" "$RTFX" cache gc
expect_output '^rtfx: a kernel is being built: '
[ -e "$kernels/source/0123456789abcdef/init/main.c" ] || fail "removed under a build"

expect_exit 0 "$RTFX" cache gc
expect_output '^removed 2 folders and downloads of kernels, '
[ "$(ls "$kernels/source" "$kernels/build" | grep -c '[0-9a-f]\{16\}')" = 1 ] || fail "left: $(ls "$kernels"/*)"
expect_exit 0 "$RTFX" cache gc
expect_no_output kernels
