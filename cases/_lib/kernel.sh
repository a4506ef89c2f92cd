# SPDX-License-Identifier: Apache-2.0
#
# Functions for the cases of kernels from source. The kernel under test is $RTFX_VARIANT, SERIES or SERIES-FLAVOUR.
# A case starts with: . "$RT_PROJECT_ROOT/_lib/kernel.sh"
. "$RT_PROJECT_ROOT/_lib/lib.sh"

: "${RTFX_VARIANT:?is set by rtfx run: the kernel to test}"
series=${RTFX_VARIANT%%-*}
case $RTFX_VARIANT in
    *-*) flavour=${RTFX_VARIANT#*-} ;;
    *) flavour=qemu ;;
esac

# The image [kernel|kernel-bin|kernel-modules] of that kernel, with its tag.
kernel_image() {
    (cd "$RTFX_PROJECT" && "$RTFX" kernel list --json --series "$series" --flavour "$flavour") |
        jq -er --arg image "/$1:" '.[0].image | sub("/kernel:"; $image)' || fail "no image $1 of $RTFX_VARIANT"
}

# assemble_on_kernel YAML [flag...]: the image of that YAML with the kernel under test, as $RTFX_TMP/image-*.
assemble_on_kernel() {
    yaml=$1
    shift
    printf 'kernel:\n  image: "@pkg:%s/kernel/%s:%s"\n' "$RTFX_PROJECT" "$series" "$flavour" > "$RTFX_TMP/kernel.yml"
    "$RTFX" build --arch "$RTFX_ARCH" --dir "$RTFX_TMP" --name image "$@" "$yaml" "$RTFX_TMP/kernel.yml" ||
        fail "$yaml does not assemble on $RTFX_VARIANT"
}

# boot_kernel [flag...]: boots it as lib.sh's boot does, on the machine of the flavour's hypervisor, or the nearest that
# qemu has.
boot_kernel() {
    case $flavour.$RTFX_ARCH in
        # Without ACPI, as firecracker started guests for long: with it, microvm has no clock that an emulated processor's
        # could be measured by, and the kernel waits for ever when its only try at that fails.
        firecracker.amd64) boot --machine microvm,acpi=off --virtio mmio "$@" ;;
        firecracker.*) boot --virtio mmio "$@" ;;
        *) boot "$@" ;;
    esac
}

# Puts the kernel's name of the arch into $kernel_arch, and the cross compilers' prefix, where it is not the host's, into
# $cross.
cross_build() {
    case $RTFX_ARCH in
        amd64) kernel_arch=x86_64 machine=x86_64 ;;
        arm64) kernel_arch=arm64 machine=aarch64 ;;
        s390x) kernel_arch=s390 machine=s390x ;;
        *) kernel_arch=riscv machine=riscv64 ;;
    esac
    cross=$machine-linux-gnu-
    [ "$(uname -m)" != "$machine" ] || cross=
}

# results_of CONTAINER: what an onboot container said in KTAP, as the results within this case; fails when one is not ok,
# or when there is none.
results_of() {
    sed -n "s/.*\\[onboot $1\\] //p" "$RTFX_TMP/output" > "$RTFX_TMP/ktap"
    cat "$RTFX_TMP/ktap"
    grep -q '^ok ' "$RTFX_TMP/ktap" || fail "no results of $1"
    ! grep '^not ok ' "$RTFX_TMP/ktap" >&2 || fail 'not all of these are as they should be'
    planned=$(sed -n 's/^1\.\.//p' "$RTFX_TMP/ktap")
    [ "$(grep -c '^ok ' "$RTFX_TMP/ktap")" = "$planned" ] || fail "results of $1 are missing: planned were $planned"
}
