#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A pass at the second attempt counts as rtfx.yml says: allowed, blocked, or so many per arch.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
flaky='echo x >>"$RTFX_PROJECT/../tries-$RTFX_ARCH-'
for name in 020_second 030_third; do
    test_case "010_ok/$name" "$flaky$name\"; [ \$((\$(wc -l <\"\$RTFX_PROJECT/../tries-\$RTFX_ARCH-$name\") % 2)) -eq 0 ]"
    sed -i 's/^# SUMMARY.*/&\n# RETRIES: 1/' "cases/010_ok/$name/test.sh"
done
commit "two flaky cases"

policy() {
    git checkout -q rtfx.yml
    sed -i "s/^  optional-labels.*/&\n  flaky: $1/" rtfx.yml
}

expect_exit 0 "$RTFX" release --dry-run
expect_output 'flaky  arm64 case demo.ok.third: flaky: it passed at attempt 2'
policy 2
expect_exit 0 "$RTFX" release --dry-run
policy 1
expect_exit 1 "$RTFX" release --dry-run
expect_output 'BLOCKS amd64 case demo.ok.second: flaky: .*; gate.flaky allows 1 of amd64, there are 2'
policy block
expect_exit 1 "$RTFX" release --dry-run
expect_output 'BLOCKS arm64 case demo.ok.third: flaky: .*; gate.flaky blocks that'
policy allow
expect_exit 0 "$RTFX" release --dry-run
