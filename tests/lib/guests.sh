# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the behaviour scripts of rtfx boot: guests of a few instructions for amd64, that qemu loads like a kernel.

. "$RTFX_SOURCE/tests/lib/cases.sh"
unset RTFX_CACHE LINUXKIT_CACHE || :
export XDG_CACHE_HOME="$PWD/cache"

# guest NAME TEXT halt|power-off|reset|repeat|echo|eat: writes NAME-kernel and NAME-initrd.img. The guest writes TEXT
# (printf's escapes) to its serial port, then does as it is told: repeat begins again; echo writes what it reads, and powers
# off after a q; eat writes to all of 64 MB of memory. Multiboot Specification 0.6.96: flags 0x10000, loaded at 1 MiB.
guest() {
    text=$(printf '%bx' "$2") && text=${text%x}
    {
        printf '\002\260\255\033\000\000\001\000\376\117\121\344'                        # magic, flags, checksum
        printf '\000\000\020\000\000\000\020\000\000\000\000\000\000\000\000\000\040\000\020\000'  # addresses, entry
        printf '\276\120\000\020\000\271'                                                # mov esi, text; mov ecx, ...
        printf "$(printf '\\%03o\\%03o' $((${#text} % 256)) $((${#text} / 256)))\000\000"  # ... length
        printf '\146\272\370\003\343\004\254\356\342\374'  # mov dx, 0x3f8; jecxz; lodsb; out dx, al; loop
        case $3 in                                         # 28 bytes, filled up with hlt
            halt) ending='\372\364\353\375' ;;                                # cli; hlt; jmp
            power-off) ending='\146\272\004\006\146\270\000\040\146\357' ;;  # ACPI: S5 to 0x604
            reset) ending='\260\376\346\144' ;;                               # keyboard controller
            repeat) ending='\351\347\377\377\377' ;;                          # jmp to the start
            echo) # until there is something to read, and again unless it is a q; then ACPI's S5
                ending='\146\272\375\003\354\250\001\164\367\262\370\354\356\074\161\165\357'
                ending=$ending'\146\272\004\006\146\270\000\040\146\357\364' ;;
            eat) ending='\277\000\000\040\000\271\000\000\360\000\363\253\372\364\353\375' ;; # rep stosd; cli; hlt; jmp
        esac
        printf "$ending" | { cat; printf '\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364\364'; } | head -c 28
        printf %s "$text"
    } >"$1-kernel"
    echo initrd >"$1-initrd.img"
}

# boot_sector FILE TEXT: a disk of 1 MiB whose boot sector copies itself to the next sector, writes TEXT to the serial port
# and halts. It starts from an ISO too (El Torito, no emulation).
boot_sector() {
    text=$(printf '%bx' "$2") && text=${text%x}
    {
        printf '\374\061\300\216\330\216\300'                          # cld; xor ax, ax; mov ds, ax; mov es, ax
        printf '\270\001\003\273\000\174\271\002\000\266\000\315\023'  # int 0x13: write 1 sector from 0x7c00 to sector 2
        printf '\276\060\174\271'                                      # mov si, 0x7c30; mov cx, ...
        printf "$(printf '\\%03o\\%03o' $((${#text} % 256)) $((${#text} / 256)))"  # ... length
        printf '\272\370\003\254\356\342\374\372\364\353\375'          # mov dx, 0x3f8; lodsb; out dx, al; loop; cli; hlt; jmp
        head -c 11 /dev/zero
        printf %s "$text"
    } >"$1"
    truncate -s 510 "$1"
    printf '\125\252' >>"$1"
    truncate -s 1M "$1"
}
