# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts of rtfx boot: guests of a few instructions for amd64, that qemu loads like a kernel.

. "$RTFX_SOURCE/tests/lib/cases.sh"
unset RTFX_CACHE LINUXKIT_CACHE || :
export XDG_CACHE_HOME="$PWD/cache"

# guest NAME TEXT halt|power-off|reset: writes NAME-kernel and NAME-initrd.img. The guest writes TEXT (printf's escapes)
# to its serial port, then does as it is told. Multiboot Specification 0.6.96: flags 0x10000, loaded at 1 MiB.
guest() {
    text=$(printf '%bx' "$2") && text=${text%x}
    {
        printf '\002\260\255\033\000\000\001\000\376\117\121\344'                        # magic, flags, checksum
        printf '\000\000\020\000\000\000\020\000\000\000\000\000\000\000\000\000\040\000\020\000'  # addresses, entry
        printf '\276\100\000\020\000\271'                                                # mov esi, text; mov ecx, ...
        printf "$(printf '\\%03o\\%03o' $((${#text} % 256)) $((${#text} / 256)))\000\000"  # ... length
        printf '\146\272\370\003\343\004\254\356\342\374'  # mov dx, 0x3f8; jecxz; lodsb; out dx, al; loop
        case $3 in                                         # 12 bytes each, filled up with hlt
            halt) printf '\372\364\353\375\364\364\364\364\364\364\364\364' ;;                # cli; hlt; jmp
            power-off) printf '\146\272\004\006\146\270\000\040\146\357\364\364' ;;           # ACPI: S5 to 0x604
            reset) printf '\260\376\346\144\364\364\364\364\364\364\364\364' ;;               # keyboard controller
        esac
        printf %s "$text"
    } >"$1-kernel"
    echo initrd >"$1-initrd.img"
}
