#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A selection that is wrong is told in one line, with the nearest names: exit 2 for the syntax, 4 for what there is not.
. "$RTFX_SOURCE/tests/lib/cases.sh"
group . 'NAME: linuxkit' </dev/null
passing_case 010_kernel/010_config
passing_case 020_packages/010_redis 'LABELS: slow' 'REPEAT: 2'
passing_case 020_packages/020_init

# refused CODE REGEX ARGUMENT...: by list, info and run
refused() {
    code=$1
    line=$2
    shift 2
    for command in list info run; do
        expect_exit "$code" "$RTFX" "$command" "$@"
        expect_output "^rtfx: $line"
        [ "$(wc -l <output)" -eq 1 ] || fail "more than one line: $(cat output)"
    done
    [ ! -e _results ] || fail "something was run: $*"
}
refused 4 'no case matches the pattern "linuxkit.kernl"; did you mean "linuxkit.kernel"\?' linuxkit.kernl
refused 4 'no case matches the pattern "!linuxkit.kernl"; did you mean "linuxkit.kernel"\?' '!linuxkit.kernl'
refused 4 'no case matches the pattern "linuxkit.pakages.redis"; did you mean "linuxkit.packages.redis"\?' linuxkit.pakages.redis
refused 4 'no case matches the pattern "redis"; did you mean "linuxkit.packages.redis"\?' redis
refused 4 'no case matches the pattern "\*.zzz"' '*.zzz'
refused 4 'no case matches the pattern "linuxkit.packages.redis.3"' linuxkit.packages.redis.3
refused 4 'no case matches the pattern "linuxkit.\*"' --rtf-prefix 'linuxkit.*'
refused 4 'the patterns leave no case' linuxkit.kernel '!linuxkit.kernel.config'
refused 4 'no case is selected by the patterns and the expression' linuxkit.kernel -E 'label(slow)'
refused 4 'no case is selected by the expression for the arch' --arch amd64 -E 'arch(arm64)'
refused 4 'expression:1:7: no case has the label "slwo"; did you mean "slow"\?' -E 'label(slwo)'
refused 4 'expression:1:8: there is no group "linuxkit.kernl"; did you mean "linuxkit.kernel"\?' -E '!group(linuxkit.kernl)'
refused 2 "expression:1:12: expected '\\)', got the end" -E 'label(slow '
refused 2 'expression:1:1: there is no predicate "lable"; did you mean "label"\?' -E 'lable(slow)'
deep=$(printf '%10000s' '' | tr ' ' '(')
refused 2 'expression:1:201: more than 200 parentheses are open' -E "${deep}all()"
refused 2 '--shard "3/2": expected N/M with N from 1 to M' -s 3/2
refused 2 '--shard-by says how -s N/M divides: give both' --shard-by hash
refused 2 '--shard-by: .*count.*hash.*duration' --shard-by size
rm -r cases/010_kernel cases/020_packages
refused 4 'no test cases in .*/cases'
