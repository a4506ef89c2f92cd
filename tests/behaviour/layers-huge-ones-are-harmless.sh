#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A file of 10 GB that is a hole, a gigabyte of zeros in a megabyte of gzip, a million entries: memory and disk stay small, and
# what an initrd cannot hold is one clear error.
. "$RTFX_SOURCE/tests/lib/layers.sh"

truncate -s 10G hole
tar -S --format=pax -cf hole.tar hole
python <<'PY'
from layers import *
import zlib
store = Store()
store.image("t/hole:1", packed(open("hole.tar", "rb").read()))
head = tarfile.TarInfo("zeros")
head.size = 1 << 30
deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
parts = [deflate.compress(head.tobuf())]
zeros = bytes(1 << 20)
for _ in range(1 << 10):
    parts.append(deflate.compress(zeros))
parts.append(deflate.compress(bytes(1024)) + deflate.flush())
store.image("t/bomb:1", b"".join(parts))
# A header is made once; then only the name in it and the sum of all bytes are others.
blank = bytearray(tarfile.TarInfo("").tobuf(tarfile.USTAR_FORMAT))
blank[148:156] = b" " * 8
total = sum(blank)
out = bytearray()
for i in range(1000000):
    name = b"d%d/%d/file-%d" % (i % 100, i // 100 % 100, i)
    blank[0:100] = name.ljust(100, b"\0")
    blank[148:156] = b"%06o\0 " % (total + sum(name))
    out += blank
    blank[148:156] = b" " * 8
store.image("t/many:1", packed(bytes(out) + bytes(1024)))
store.close()
PY

# measured IMAGE: builds it within 100 MB of memory and 200 MB of disk.
measured() {
    python3 - "$1" <<'PY'
import os, sys, threading, time
image = sys.argv[1]
open("x.yml", "w").write(f"init: [{image}]\n")
child = os.fork()
if child == 0:
    log = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.execv(os.environ["RTFX"], [os.environ["RTFX"], "build", "--offline", "--no-sbom", "--arch", "amd64", "--dir", "out", "x.yml"])
disk = 0
done = threading.Event()
def watch():
    global disk
    while not done.wait(0.05):
        try:
            for fd in os.listdir(f"/proc/{child}/fd"):
                disk = max(disk, os.stat(f"/proc/{child}/fd/{fd}").st_blocks * 512)
        except OSError:
            pass
watcher = threading.Thread(target=watch)
watcher.start()
_, status, usage = os.wait4(child, 0)
done.set()
watcher.join()
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss // 1000, disk // 1000000)
PY
}

set -- $(measured t/hole:1)
[ "$1" -eq 1 ] || fail "exit $1 for a file of 10 GB"
expect_output '"/hole" is too big for an initrd: 10737418240 bytes, 4294967295 is the limit'
[ "$(wc -l <output)" -eq 1 ] && [ -z "$(ls -A out)" ] || fail "not one line and nothing else"
[ "$2" -lt 100 ] && [ "$3" -lt 200 ] || fail "the hole took $2 MB of memory and $3 MB of disk"

set -- $(measured t/bomb:1)
[ "$1" -eq 0 ] || { cat output; fail "exit $1 for a gigabyte of zeros"; }
[ "$2" -lt 100 ] && [ "$3" -lt 200 ] || fail "the zeros took $2 MB of memory and $3 MB of disk"
[ "$(zcat out/x-initrd.img | wc -c)" -gt 1073741824 ] || fail "zeros are lost"

set -- $(measured t/many:1)
[ "$1" -eq 0 ] || { cat output; fail "exit $1 for a million entries"; }
[ "$(zcat out/x-initrd.img | cpio --quiet -t | grep -c /file-)" -eq 1000000 ] || fail "entries are lost"
nothing_left
