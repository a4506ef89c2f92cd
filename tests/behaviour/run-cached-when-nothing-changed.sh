#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --cached: a case that declares its INPUTS and passed is not run again until one of them changes; others always run.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
test_case 010_declared 'INPUTS: data ../_lib/*.sh' <<'END'
echo declared >>"$RT_PROJECT_ROOT/../ran"
END
echo 1 >cases/010_declared/data
mkdir cases/_lib && echo true >cases/_lib/lib.sh
test_case 020_undeclared <<'END'
echo undeclared >>"$RT_PROJECT_ROOT/../ran"
END
test_case 030_fails 'INPUTS: ../_lib' <<'END'
echo fails >>"$RT_PROJECT_ROOT/../ran"
exit 1
END

# ran WHAT WANTED ARGUMENT...: what ran, in order
ran() {
    what=$1
    wanted=$2
    shift 2
    : >ran
    "$RTFX" run "$@" >output 2>&1 || :
    [ "$(paste -sd' ' ran)" = "$wanted" ] || { cat output >&2; fail "$what: $(paste -sd' ' ran) instead of $wanted"; }
}
ran 'the first time' 'declared undeclared fails' --cached
ran 'nothing changed' 'undeclared fails' --cached
expect_summary passed 2
expect_summary cached 1
expect_output '^\[CACHED  \] .*declared .* \(passed in '
expect_output '2 passed \(1 cached\), 1 failed'
ran 'still nothing changed' 'undeclared fails' --cached
ran 'not asked for' 'declared undeclared fails'
echo 2 >cases/010_declared/data
ran 'own file' 'declared undeclared fails' --cached
echo false >cases/_lib/lib.sh
ran 'declared file' 'declared undeclared fails' --cached
echo more >cases/_lib/more.txt
ran 'file that the glob does not find' 'undeclared fails' --cached
ran 'environment' 'declared undeclared fails' --cached -e A=1
ran 'labels' 'declared undeclared fails' --cached -l slow
ran 'arch' 'declared undeclared fails' --cached --arch s390x
test_case 010_declared 'INPUTS: data ../_lib/*.sh' <<'END'
echo changed >>"$RT_PROJECT_ROOT/../ran"
END
ran 'script' 'changed undeclared fails' --cached
test_case 010_declared 'INPUTS: date' </dev/null
expect_exit 2 "$RTFX" run --cached
expect_output '^rtfx: .*/010_declared/test.sh:2: INPUTS: "date" finds nothing in .*/cases/010_declared$'
