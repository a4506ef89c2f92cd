#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `release plan` builds and writes nothing but the file that it is told; the plan is the same on every machine.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project

expect_exit 0 "$RTFX" release plan
expect_output '^amd64 +first-class +2 +0 +2$'
expect_output '^riscv64 +candidate +2 +0 +2$'
expect_output "^commit   $(git rev-parse HEAD)$"
expect_exit 0 "$RTFX" -v release plan
expect_output '^  arm64 case demo.ok.second \(demo.ok\)$'
[ ! -e _release ] && [ ! -e _results ] || fail "something was written"

expect_exit 0 "$RTFX" release plan -o ../plan.json
"$RTFX" release plan --json >../again.json
cmp ../plan.json ../again.json
jq -e '.format == 1 and (.requirements | length) == 12' ../plan.json >/dev/null || fail "$(cat ../plan.json)"
git clone -q . ../clone
(cd ../clone && "$RTFX" release plan --json) >../clone.json
cmp ../plan.json ../clone.json

echo more >>pkg/two/content
echo '# more' >>cases/010_ok/010_first/test.sh
expect_exit 0 "$RTFX" release plan
expect_output '^  BLOCKS amd64 package demo/two:.*-dirty-[0-9a-f]{7}: it has uncommitted changes'
expect_output '^  note   not as the commit has it: cases$'
git checkout -q .

expect_exit 2 "$RTFX" release plan --to oci:x
expect_output 'not for .rtfx release plan.'
expect_exit 2 "$RTFX" release plan extra
sed -i 's/^  optional-labels.*/&\n  flaky: some/' rtfx.yml
expect_exit 2 "$RTFX" release plan
expect_output 'rtfx.yml:[0-9]+: gate.flaky: expected allow, block, or how many flaky passes an arch may have, got "some"'
