#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the case 090_kunit runs in a guest tells failing, skipped, silent and unloadable modules from those whose tests pass. The
# kernel is played by modprobe and dmesg of our own, over modules that exist in this mount namespace alone.
. "$RTFX_SOURCE/tests/lib/expect.sh"
check=$RTFX_SOURCE/cases/020_kernel/100_built/090_kunit/check

cat >modprobe <<'SH'
#!/bin/sh
echo "$*" >>/lib/modules/loaded
cp "/lib/modules/said/$1" /lib/modules/log 2>/dev/null
[ "$1" != unloadable_test ]
SH
cat >dmesg <<'SH'
#!/bin/sh
[ "$1" != -n ] || exit 0
cat /lib/modules/log
[ "$1" != -c ] || : >/lib/modules/log
SH
printf '#!/bin/sh\necho 9.9.9\n' >uname
chmod +x modprobe dmesg uname

mkdir said
say() { # MODULE LINE...
    name=$1
    shift
    printf '[    1.234567] %s\n' 'KTAP version 1' '1..1' "$@" >"said/$name"
}
say passing_test '    ok 1 adds' 'ok 1 numbers'
say failing_test '    # adds: EXPECTATION FAILED' '    not ok 1 adds' '    ok 2 divides' 'not ok 1 numbers'
say skipped_test '    ok 1 adds # SKIP slow' 'ok 1 numbers # SKIP slow'
say partly_test '    ok 1 adds # SKIP slow' '    ok 2 divides' 'ok 1 numbers'
say unloadable_test '    ok 1 adds' 'ok 1 numbers'
: >said/silent_test

# in_guest MODULE...: the check with these modules there, and one without tests.
in_guest() {
    export check modules="$*"
    expect_exit 0 unshare --mount sh -ec '
        # Hosts without a kernel of their own have no /lib/modules to mount something on.
        mount -t tmpfs tmpfs /mnt
        mkdir /mnt/upper /mnt/work
        mount -t overlay -o lowerdir=/usr/lib,upperdir=/mnt/upper,workdir=/mnt/work overlay /usr/lib
        mkdir -p /lib/modules
        mount -t tmpfs tmpfs /lib/modules
        mkdir -p /lib/modules/bin /lib/modules/9.9.9/kernel/lib
        cp modprobe dmesg uname /lib/modules/bin
        cp -r said "$check" /lib/modules
        for name in $modules; do echo "x.kunit_test_suites" >"/lib/modules/9.9.9/kernel/lib/$name.ko"; done
        echo "a driver" >/lib/modules/9.9.9/kernel/lib/driver.ko
        : >/lib/modules/log
        mount -t tmpfs tmpfs /tmp
        PATH=/lib/modules/bin:$PATH sh /lib/modules/check
        grep -v "^kunit " /lib/modules/loaded | sed "s/^/loaded /" || :'
    expect_output '^kunit: judged$'
}

in_guest passing_test partly_test
expect_output '^1\.\.2$'
expect_output '^ok 1 partly_test$'
expect_output '^ok 2 passing_test$'
expect_output '^        ok 1 adds$'
expect_output '^loaded passing_test$'
! grep -q driver output || fail "a module without tests is loaded"

for name in failing_test skipped_test silent_test unloadable_test; do
    in_guest "$name" passing_test
    grep -Eq "^not ok [12] $name$" output || fail "$name counts as passed: $(cat output)"
    grep -Eq '^ok [12] passing_test$' output || fail "$name takes another module with it: $(cat output)"
done

# No module at all: a plan of nothing, which the case does not take for a pass (results_of in cases/_lib/kernel.sh).
in_guest
expect_output '^1\.\.0$'
