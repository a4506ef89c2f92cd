# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the cases of this group, after _lib/lib.sh: the shell of examples/minimal.yml at the other end of a pipe.

# boot_and_type COMMANDS [flag...]: boots it, types the commands when the shell asks for some, and leaves what the guest
# and rtfx said in $RTFX_TMP/output, and the exit code in $code.
boot_and_type() {
    commands=$1
    shift
    assemble "$RTFX_PROJECT/examples/minimal.yml"
    log=$RTFX_TMP/console.log
    : > "$log"
    code=0
    {
        tries=0
        until grep -qa 'linuxkit:~# ' "$log" || [ "$tries" -gt 300 ]; do
            tries=$((tries + 1))
            sleep 0.2
        done
        printf '%s\n' "$commands"
    } | "$RTFX" boot --arch "$RTFX_ARCH" -i --timeout "${boot_timeout:-90}" --console-log "$log" "$@" "$RTFX_TMP/image" > "$RTFX_TMP/said" 2>&1 || code=$?
    tr -d '\r' < "$RTFX_TMP/said" > "$RTFX_TMP/output"
    tail -n 30 "$RTFX_TMP/output"
}
