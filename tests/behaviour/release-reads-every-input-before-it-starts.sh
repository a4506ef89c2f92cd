#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Wrong input: all problems at once with file:line, exit 2, nothing built, nothing written. What selects nothing: exit 4.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project

cp rtfx.yml good.yml
sed -i 's/^registry:/registy:/; s/candidate/candidat/' rtfx.yml
sed -i 's/^gitrepo:.*/image: again/; s/^arches:.*/archs: [amd64]/' pkg/two/build.yml
expect_exit 2 "$RTFX" release
expect_output 'rtfx.yml:2: rtfx.yml: unknown key "registy"; did you mean "registry"\?'
expect_output 'rtfx.yml:6: arches.riscv64.stage: expected first-class or candidate, got "candidat"'
cp good.yml rtfx.yml
expect_exit 2 "$RTFX" release
expect_output 'pkg/two/build.yml:2: .*"image" is there twice'
expect_output 'pkg/two/build.yml:3: .*unknown key "archs"; did you mean "arches"\?'
[ ! -e _release ] || fail "something was written"
[ ! -e _results ] || fail "something was run"
git checkout -q pkg

echo 'tags: deep' >rtfx.yml
expect_exit 2 "$RTFX" release
expect_output 'rtfx.yml: "gate" is missing; a release needs'
sed '/^registry:/d' good.yml >rtfx.yml
expect_exit 2 "$RTFX" release
expect_output 'rtfx.yml: "registry" is missing; say there, or with --to, where to publish'
cp good.yml rtfx.yml

sed -i 's/demo.ok/demo.okay/' rtfx.yml
expect_exit 4 "$RTFX" release
expect_output 'demo.ok'
cp good.yml rtfx.yml
test_case 010_ok/030_long 'sleep 0.1'
sed -i 's/^# SUMMARY.*/&\n# LABELS: slow/' cases/010_ok/030_long/test.sh
expect_exit 4 "$RTFX" -l slwo release
expect_output 'slow'
expect_exit 4 "$RTFX" graduate riscv46
expect_output 'did you mean "riscv64"'
expect_exit 2 "$RTFX" release --to nowhere
expect_output 'expected oci:DIR or HOST'
expect_exit 2 "$RTFX" release --no-such-flag
