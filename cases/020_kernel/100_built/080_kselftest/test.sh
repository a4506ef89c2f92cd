#!/bin/sh
# SUMMARY: The kernel's own tests of what containers rely on pass
# LABELS:
# REPEAT:
# TIMEOUT: 900
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/kernel.sh"

cross_build
source=$("$RTFX" kernel source --series "$series")
programs=$(grep -v '^#' programs | grep -v " !$series\$" | sed 's/ .*//')
selftests=$RTFX_TMP/build/kselftest
make -s -C "$source" ARCH="$kernel_arch" O="$RTFX_TMP/build" headers
# One target that does not build does not keep the others; what is wanted is looked for afterwards.
make -s -k -j"$(nproc)" -C "$source/tools/testing/selftests" ARCH="$kernel_arch" CROSS_COMPILE="$cross" O="$RTFX_TMP/build" \
    TARGETS="$(echo "$programs" | sed 's|/.*||' | sort -u | tr '\n' ' ')" SKIP_TARGETS= LDFLAGS=-static USERLDFLAGS=-static \
    KHDR_INCLUDES="-isystem $RTFX_TMP/build/usr/include" all > "$RTFX_TMP/make" 2>&1 || :
for program in $programs; do
    [ -x "$selftests/$program" ] || { grep -A 20 -F "${program##*/}" "$RTFX_TMP/make" >&2 || :; fail "$program does not build"; }
    "${cross}strip" "$selftests/$program"
done
tar -C "$selftests" -cf "$RTFX_TMP/kselftest.tar" $programs

sed "s|source: kselftest.tar|source: $RTFX_TMP/kselftest.tar|; s|@pkg:\.\./\.\./\.\./\.\./|@pkg:$RTFX_PROJECT/|; s|source: check|source: $PWD/check|" \
    test.yml > "$RTFX_TMP/test.yml"
assemble_on_kernel "$RTFX_TMP/test.yml"
boot_timeout=700
boot_kernel --silence 200 --expect 'kselftest: judged'
results_of 000-kselftest
