#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A group with VARIANTS is there once for each of them: under names of their own, with RTFX_VARIANT for every script, with
# the labels of each, selected and run like any other group.
. "$RTFX_SOURCE/tests/lib/cases.sh"
export RTFX_VARIANT=from-outside
group . 'NAME: top' <<'SH'
echo "$1 top ${RTFX_VARIANT-unset}" >>"$RT_PROJECT_ROOT/../told"
SH
printf 'echo "before $1 ${RTFX_VARIANT-unset}"\n' >cases/pre-test.sh
printf 'echo "after $1 ${RTFX_VARIANT-unset}"\n' >cases/post-test.sh
group 010_built 'SUMMARY: kernels' 'VARIANTS: 6.12 6.12-fire=!s390x,!riscv64' 'VARIANTS: 6.1=slow,!s390x' <<'SH'
echo "$1 ${RTFX_VARIANT-unset}" >>"$RT_PROJECT_ROOT/../told"
[ "$1 $RTFX_VARIANT" != "$(cat "$RT_PROJECT_ROOT/../broken")" ] || exit 3
SH
test_case 010_built/010_boot 'REPEAT: 2' <<'SH'
echo "$RT_TEST_NAME ${RTFX_VARIANT-unset}" >>"$RT_PROJECT_ROOT/../told"
SH
test_case 010_built/020_net/010_ping 'INPUTS: ../../../../never-changes' <<'SH'
echo "$RT_TEST_NAME ${RTFX_VARIANT-unset}" >>"$RT_PROJECT_ROOT/../told"
SH
test_case 020_after <<'SH'
echo "$RT_TEST_NAME ${RTFX_VARIANT-unset}" >>"$RT_PROJECT_ROOT/../told"
SH
touch never-changes broken

# told WHAT < WANTED: what the scripts of the last run told
told() {
    cat >wanted
    expect_same "$1" wanted told
    : >told
}
# of_variant NAME: what one of them tells when its group and cases run
of_variant() {
    printf '%s\n' "init $1" "top.built.$1.boot.1 $1" "top.built.$1.boot.2 $1" "top.built.$1.net.ping $1" "deinit $1"
}

expect_exit 0 "$RTFX" --arch amd64 -l slow run
{
    echo 'init top unset'
    of_variant 6.12
    of_variant 6.12-fire
    of_variant 6.1
    echo 'top.after unset'
    echo 'deinit top unset'
} | told 'a run of everything'
expect_summary passed 10
log=_results/latest/top.built.6.12-fire.net.ping.log
grep -qx 'before top.built.6.12-fire.net.ping 6.12-fire' $log || fail "pre-test.sh is not told the variant"
grep -qx 'after top.built.6.12-fire.net.ping 6.12-fire' $log || fail "post-test.sh is not told the variant"
grep -qx 'before top.after unset' _results/latest/top.after.log || fail "a variant outside of the group"
classes=$(grep -o 'classname="[^"]*"' _results/latest/junit.xml | uniq -c | tr -s ' \n' ' ')
[ "$classes" = ' 2 classname="amd64.top.built.6.12" 1 classname="amd64.top.built.6.12.net" 2 classname="amd64.top.built.6.12-fire" 1 classname="amd64.top.built.6.12-fire.net" 2 classname="amd64.top.built.6.1" 1 classname="amd64.top.built.6.1.net" 1 classname="amd64.top" ' ] ||
    fail "JUnit: $classes"
check_junit _results/latest/junit.xml
[ "$(grep -c '"top\.built\.6\.1[^"]*ping"' _results/history.json)" -eq 3 ] || fail "durations: $(cat _results/history.json)"

# Labels of a variant are labels of its group.
cat >wanted <<'END'
Pass top.built.6.12.boot 6.12
Pass top.built.6.12.net.ping 6.12
Skip top.built.6.12-fire 6.12-fire
Skip top.built.6.1 6.1
Pass top.after null
END
"$RTFX" --arch s390x list --json >listed.json
jq -r '.[] | "\(.state) \(.name) \(.variant)"' listed.json >listed
expect_same 'list for s390x' wanted listed
jq -e '[.[] | select(.name == "top.built.6.12-fire")][0] | .variant == "6.12-fire" and .labels == ["!riscv64", "!s390x"]' listed.json >/dev/null ||
    fail "the group of a variant: $(cat listed.json)"
: >told
expect_exit 0 "$RTFX" --arch s390x run
{ echo 'init top unset'; of_variant 6.12; echo 'top.after unset'; echo 'deinit top unset'; } | told 'a run for s390x'
expect_exit 0 "$RTFX" info
expect_output '^top\.built\.6\.12-fire\.net\.ping'

# runs WANTED ARGUMENT...: the units, without "top.built.", that are run
runs() {
    wanted=$1
    shift
    "$RTFX" --arch amd64 -l slow run "$@" >output 2>&1 || { cat output >&2; fail "exit $?: $*"; }
    got=$(sed -n 's/^\[PASS    \] top\.\(built\.\)\{0,1\}\([^ ]*\) .*/\2/p' output | paste -sd' ')
    [ "$got" = "$wanted" ] || fail "$*: $got instead of $wanted"
}
runs '6.12.boot.1 6.12.boot.2 6.12.net.ping' top.built.6.12
runs '6.1.boot.1 6.1.boot.2 6.1.net.ping' top.built.6.1
runs '6.12.boot.2' top.built.6.12.boot.2
runs '6.12-fire.net.ping' top.built.6.12-fire.net
runs '6.12.net.ping 6.12-fire.net.ping 6.1.net.ping' 'top.built.*.ping'
runs '6.12-fire.net.ping 6.1.net.ping after' '!*.boot' '!top.built.6.12'
runs '6.1.boot.1 6.1.boot.2 6.1.net.ping' -E 'group(top.built.6.1)'
runs '6.1.boot.1 6.1.boot.2 6.1.net.ping' -E 'label(slow)'
runs '6.12.boot.1 6.12.boot.2 6.12.net.ping 6.12-fire.boot.1 6.12-fire.boot.2 6.12-fire.net.ping 6.1.boot.1 6.1.boot.2 6.1.net.ping' top.built
expect_exit 4 "$RTFX" list top.built.6.13
expect_output 'top\.built\.6\.12'
for shard in 1 2 3; do
    "$RTFX" --arch amd64 -l slow list -s $shard/3 --shard-by hash --json | jq -r '.[].name'
done | sort >parts
"$RTFX" --arch amd64 -l slow list --json | jq -r '.[].name' | sort >whole
expect_same 'all shards' whole parts

# What is known of one variant is not known of another one.
"$RTFX" --arch amd64 run top.built.6.12.net >output 2>&1
sed -i 's/SUMMARY: kernels/SUMMARY: kernel/' cases/010_built/group.sh
"$RTFX" --arch amd64 run --cached 'top.built.6.12.net' >output 2>&1
expect_output '^\[PASS    \] top.built.6.12.net.ping '
"$RTFX" --arch amd64 run --cached 'top.built.*.ping' >output 2>&1
expect_output '^\[CACHED  \] top.built.6.12.net.ping '
expect_output '^\[PASS    \] top.built.6.12-fire.net.ping '

# They run at the same time; what one does to itself is no matter of the others.
cp cases/010_built/010_boot/test.sh boot.sh
test_case 010_built/010_boot <<'SH'
touch "$MEETING/$RTFX_VARIANT"
tries=0
until [ -e "$MEETING/6.12" ] && [ -e "$MEETING/6.12-fire" ]; do
    [ $((tries += 1)) -lt 200 ] || exit 1
    sleep 0.05
done
SH
mkdir meet
expect_exit 0 "$RTFX" --arch amd64 run -j 4 -e MEETING="$PWD/meet" 'top.built.*.boot'
expect_summary passed 2
cp boot.sh cases/010_built/010_boot/test.sh
echo 'init 6.12-fire' >broken
expect_exit 1 "$RTFX" --arch amd64 run -j 4
expect_output '^\[FAIL    \] top.built.6.12-fire::init '
expect_output '^\[ERROR   \] top.built.6.12-fire.boot.1 '
expect_output '^\[PASS    \] top.built.6.12.boot.1 '
expect_summary passed 4
[ "$(xmllint --xpath 'string(//testcase[failure]/@classname)' _results/latest/junit.xml)" = amd64.top.built.6.12-fire ] ||
    fail "JUnit: the script of a variant"
: >broken
: >told

# A run that was killed is resumed with what is missing of each.
test_case 010_built/010_boot <<'SH'
[ "$RTFX_VARIANT" != 6.12-fire ] || [ -e "$RT_PROJECT_ROOT/../go-on" ] || kill -KILL "$(cat "$RT_PROJECT_ROOT/../pid")"
echo "$RT_TEST_NAME" >>"$RT_PROJECT_ROOT/../told"
SH
status=0
sh -c 'echo $$ >pid; exec "$0" "$@"' "$RTFX" --arch amd64 run --id killed 'top.built.*.boot' >output 2>&1 || status=$?
[ "$status" -eq 137 ] || fail "exit $status instead of the signal"
touch go-on
: >told
expect_exit 0 "$RTFX" run --resume killed
printf '%s\n' 'init top unset' 'init 6.12-fire' top.built.6.12-fire.boot 'deinit 6.12-fire' 'deinit top unset' | told 'the resumed run'
[ "$(jq .passed _results/killed/SUMMARY.json)" -eq 2 ] || fail "the resumed run: $(cat _results/killed/SUMMARY.json)"

# Wrong headers are one line each, and nothing is run.
rm -r _results
group 010_built 'SUMMARY: x' 'VARIANTS: 6.12 6,1 a= 6.12' 'VARIANTS: b=x,' </dev/null
group 010_built/020_net 'VARIANTS: nested' </dev/null
passing_case 020_after 'VARIANTS: a'
expect_exit 2 "$RTFX" run
expect_output '^rtfx: .*/cases/010_built/group.sh:2: VARIANTS: "6,1": expected NAME or NAME=LABEL,LABEL with a name of 1 to 64 letters'
expect_output '^rtfx: .*/cases/010_built/group.sh:2: VARIANTS: "a=" has an empty label'
expect_output '^rtfx: .*/cases/010_built/group.sh:2: VARIANTS: "6.12" stands twice'
expect_output '^rtfx: .*/cases/010_built/group.sh:3: VARIANTS: "b=x," has an empty label'
expect_output '^rtfx: .*/cases/010_built/020_net/group.sh:1: VARIANTS: a group above has variants'
expect_output '^rtfx: .*/cases/020_after/test.sh:2: VARIANTS: only a group.sh'
[ "$(wc -l <output)" -eq 6 ] || fail "not one line each: $(cat output)"
group . 'NAME: top' 'VARIANTS: a b' </dev/null
expect_exit 2 "$RTFX" list
expect_output '^rtfx: .*/cases/group.sh:2: VARIANTS: the topmost group cannot'
[ ! -e _results ] || fail "something was run"
