#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A tag never moves to an index that lacks an arch it had, unless --allow-shrink says so.
. "$RTFX_SOURCE/tests/lib/registry.sh"
. "$RTFX_SOURCE/tests/lib/project.sh"
start_registry
make_project
tag=$(cd pkg/one && git rev-parse HEAD:./ 2>/dev/null || git rev-parse HEAD:pkg/one)

sed -i 's/riscv64: {stage: candidate}/riscv64: {stage: first-class}/' rtfx.yml
commit "all ship"
expect_exit 0 "$RTFX" release --to "$registry/x" --release stable
expect_arches "x/demo/one:$tag" amd64 arm64 riscv64

# The same images without riscv64: the index keeps it.
sed -i 's/riscv64: {stage: first-class}/riscv64: {stage: candidate}/' rtfx.yml
commit "riscv64 does not ship"
expect_exit 0 "$RTFX" release --to "$registry/x" --release stable
expect_arches "x/demo/one:$tag" amd64 arm64 riscv64
expect_arches x/demo/one:stable amd64 arm64 riscv64

# A new version has no riscv64 at all, so the name would lose it: refused, and nothing is written.
echo more >>pkg/one/content
commit "another version"
before=$(requests PUT)
expect_exit 1 "$RTFX" release --to "$registry/x" --release stable
expect_output 'x/demo/one:stable has riscv64, which demo/one:[0-9a-f]* lacks; .* --allow-shrink'
[ "$(requests PUT)" -eq "$before" ] || fail "something was written"
expect_arches x/demo/one:stable amd64 arm64 riscv64

expect_exit 0 "$RTFX" release publish --to "$registry/x" --release stable --allow-shrink
expect_arches x/demo/one:stable amd64 arm64
# With --allow-shrink exactly our arches are listed, in every index of the release.
two=$(git rev-parse HEAD:pkg/two)
expect_arches "x/demo/two:$two" amd64 arm64
expect_arches "x/demo/one:$tag" amd64 arm64 riscv64
