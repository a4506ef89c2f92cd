#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bad input to rtfx boot: one clear line, exit 2, and nothing is started.
. "$RTFX_SOURCE/tests/lib/guests.sh"
guest hello 'Welcome\n' halt
mkdir bin && ln -s "$(command -v sh)" bin/sh

refused() { # REGEX ARGUMENT...
    line=$1
    shift
    expect_exit 2 "$RTFX" boot --arch amd64 --accel tcg "$@"
    expect_output "^rtfx: $line"
    [ "$(wc -l <output)" -eq 1 ] || { cat output >&2; fail "more than one line: $*"; }
}
refused 'IMAGE is required'
refused 'no image "helo": missing helo-kernel, helo-initrd.img; did you mean "hello"\?' helo
refused 'bad regex for expect: "\(x": ' --expect '(x' hello
refused 'bad regex for reject: "\*": there is nothing to repeat' --reject '*' hello
refused 'an empty regex for expect' --expect '' hello
for port in 80 80: 0:80 x:80 80:65536 80:80/icmp; do
    refused "cannot publish \"$port\": expected \[HOST\]:GUEST" --publish "$port" hello
done
for seconds in 0 -1 x nan 1e99; do
    refused '--timeout: ".*" is no number of seconds' --timeout "$seconds" hello
done
refused '--silence: "-1" is no number of seconds' --silence -1 hello
refused '--cpus: ' --cpus 0 hello
refused '--mem: ' --mem x hello
refused '--accel: ' --accel fast hello
refused 'cannot write the console log nowhere/log: No such file' --console-log nowhere/log hello
refused 'The following argument was not expected: more' hello more

# What is booted.
boot_sector disk 'Hello\n'
echo text >text
: >empty
mkdir folder
refused 'text is no disk that a guest could start from: its first sector has no boot signature \(55 aa\)$' text
refused 'the disk image empty is empty$' empty
refused 'the disk image folder is no file$' folder
refused 'text is no ISO image: it has no ISO 9660 file system$' --iso text
refused 'no image "hello": missing hello-squashfs.img' --squashfs hello
refused '--kernel excludes --iso' --kernel --iso hello
refused '--cmdline-append: the command line of disk is inside it$' --cmdline-append quiet disk
if [ "$(id -u)" -ne 0 ]; then
    chmod 0 text && refused 'cannot read the disk image text: Permission denied$' text
fi

# Disks, metadata, firmware, state.
refused 'there is no disk gone; with a size it is made: --disk gone,size=1G$' --disk gone hello
refused '--disk size=1T: "1T" is no size: ' --disk size=1T hello
refused '--disk a,format=ext4: unknown format "ext4" \(known: qcow2, raw, ' --disk a,format=ext4 hello
refused '--disk a,b: two files$' --disk a,b hello
refused '--disk a,colour=red: unknown key "colour": expected \[file=\]PATH' --disk a,colour=red hello
refused 'cannot make the disk nowhere/disk: nowhere is no directory$' --disk nowhere/disk,size=1M hello
refused 'the disk disk is raw, not qcow2$' --disk disk,format=qcow2 hello
refused 'folder/../disk is given twice: ' --disk disk --disk folder/../disk hello
refused 'disk is given twice: ' --disk disk disk
refused 'the disk folder is no file$' --disk folder hello
refused 'the disk empty is empty$' --disk empty hello
refused '--data excludes --data-file' --data x --data-file text hello
refused 'cannot read the metadata gone: No such file' --data-file gone hello
refused 'the metadata folder is no file$' --data-file folder hello
refused '--fw is for --uefi$' --fw text disk
refused 'cannot read the firmware gone: No such file' --uefi --fw gone disk
refused 'the state directory text: Not a directory$' --state text hello
[ ! -e gone ] && [ ! -e a ] || fail 'something was made'

# The machine and its network.
refused 'the guest was not started: qemu failed \(exit 1\): .*nonsense. is not a valid device model name$' --device nonsense hello
refused 'the guest was not started: qemu failed \(exit 1\): .*unsupported machine type' --machine nonsense hello
refused 'the guest was not started: qemu failed \(exit 1\): .*unable to find CPU model .nonsense.$' --cpu nonsense hello
refused '--machine: give the accelerator with --accel$' --machine q35,accel=kvm hello
refused '--net tap: which\? expected tap,NAME$' --net tap hello
refused '--net bridge,a/b: "a/b" is no name of an interface$' --networking bridge,a/b hello
refused '--net wifi: expected user, default, none, tap,IF or bridge,BR$' --net wifi hello
refused '--publish needs --net user, not none$' --net none --publish 1:2 hello
refused '--virtiofs: text is no directory$' --virtiofs text hello
refused 'cannot run ./gone$' --virtiofs folder --virtiofsd ./gone hello
refused '--qemu ./gone: no such program$' --qemu ./gone hello
refused 'the guest was not started: qemu ended without telling why$' --qemu true hello
refused '--detached: a guest ends with the rtfx that started it' --detached hello

# The console.
refused '--shell-on-fail needs a terminal as its standard input$' --shell-on-fail hello
refused '--json prints no console' -i --json hello
refused 'cannot allow "panic"' --allow panic hello
refused '--log-limit: ' --log-limit 0 hello
mkfifo pipe
refused 'cannot write the console log pipe: ' --console-log pipe hello
refused 'cannot write the console log folder: Is a directory' --console-times folder hello
refused '--print-command: what boot makes for the guest needs --state$' --print-command --data x hello

expect_exit 3 "$RTFX" boot --arch amd64 --accel hvf hello
expect_output '^rtfx: HVF does not work here'
expect_exit 2 "$RTFX" boot --arch s390x --accel tcg --uefi hello
expect_output '^rtfx: guests of s390x have no UEFI$'
expect_exit 2 "$RTFX" boot --arch s390x --accel tcg --usb hello
expect_output '^rtfx: --usb: guests of s390x have no PCI bus for it$'
DISPLAY='' WAYLAND_DISPLAY='' expect_exit 3 "$RTFX" boot --arch amd64 --accel tcg --gui hello
expect_output '^rtfx: --gui: there is no screen here'
expect_exit 3 "$RTFX" boot --arch amd64 --accel tcg --virtiofs folder --virtiofsd false hello
expect_output '^rtfx: virtiofsd for .*/folder: exit 1$'

expect_exit 2 "$RTFX" boot --arch amd64,arm64 hello
expect_output '^rtfx: boot starts one guest'
expect_exit 4 "$RTFX" boot --arch amd63 hello
expect_output '^rtfx: unknown arch "amd63".*"amd64"'
PATH=$PWD/bin expect_exit 3 "$RTFX" boot --arch amd64 --accel tcg hello
