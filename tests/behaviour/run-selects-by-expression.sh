#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# -E selects by label, group, name and arch; patterns add up, globs and !pattern work; list, info and run agree.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
group 010_kernel 'LABELS: amd64, arm64, slow' </dev/null
passing_case 010_kernel/010_config
passing_case 010_kernel/020_stress 'LABELS: slow'
passing_case 020_net/010_a 'REPEAT: 3'
passing_case 020_net/020_b 'LABELS: slow'
passing_case 020_net/020_b_c

# selects WANTED ARGUMENT...
selects() {
    wanted=$1
    shift
    "$RTFX" -l slow --arch amd64 run "$@" >output 2>&1 || { cat output >&2; fail "exit $?: $*"; }
    got=$(sed -n 's/^\[PASS    \] top\.\([^ ]*\) .*/\1/p' output | paste -sd' ')
    [ "$got" = "$wanted" ] || fail "run $*: $got instead of $wanted"
    expect_no_output 'SKIP    \]'
    cases=$(echo "$wanted" | tr ' ' '\n' | sed 's/\.[0-9]$//' | uniq | paste -sd' ')
    listed=$("$RTFX" -l slow --arch amd64 list "$@" | sed -n 's/^Pass\ttop\.\([^\t]*\).*/\1/p' | paste -sd' ')
    [ "$listed" = "$cases" ] || fail "list $*: $listed instead of $cases"
    told=$("$RTFX" -l slow --arch amd64 info "$@" | sed -n 's/^top\.\([^\t]*\).*/\1/p' | paste -sd' ')
    [ "$told" = "$cases" ] || fail "info $*: $told instead of $cases"
}
selects 'kernel.config kernel.stress net.b' -E 'label(slow)'
selects 'net.b' -E 'label(slow) & !group(top.kernel) & arch(amd64)'
selects 'net.a.1 net.a.2 net.a.3 net.b_c' -E 'group(top.net) - label(slow)'
selects 'kernel.config net.b' -E 'name(*.config) or name(top.net.b)'
selects 'kernel.config' top.kernel -E 'not name(top.kernel.s)'
selects 'kernel.stress net.b' '*.stress' top.net.b
selects 'kernel.config kernel.stress net.b net.b_c' '!top.net.a'
selects 'net.a.1 net.a.3 net.b' top.net '!*_c' '!top.net.a.2'
selects 'net.a.2' top.net.a.2
selects 'kernel.config kernel.stress' 'top.k?rn[a-f]l'
selects 'net.b net.b_c' --rtf-prefix top.net.b
selects 'net.b' top.net.b
