#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each machine tests some arches and leaves a folder; one machine judges them together, against the plan.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project
git clone -q . ../other

on_other() { # ARCH OUT: with a cache of its own
    (cd ../other && RTFX_CACHE=$PWD/../cache2 expect_exit "$3" "$RTFX" release test --arch "$1" --out "$2" && cat output) >output
}

expect_exit 0 "$RTFX" release test --arch amd64 --out ../out/amd64
expect_output '^amd64 +first-class +2/2 +0/0 +2/2 +passes'
expect_no_output '^arm64'
[ ! -e _release ] || fail "a test run decided something"
on_other arm64,riscv64 ../out/arm 0
jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' ../out/arm/images/index.json | LC_ALL=C sort >names
[ "$(sed 's/:[0-9a-f]*-/ /' names | paste -sd,)" = "demo/one arm64,demo/one riscv64,demo/two arm64,demo/two riscv64" ] || fail "$(cat names)"

# One of two is not enough.
expect_exit 1 "$RTFX" release verdict --results ../out/amd64
expect_output 'BLOCKS arm64 package demo/one:.*: no result'
expect_output 'BLOCKS arm64 case demo.ok.first: no result'
expect_exit 0 "$RTFX" release verdict --results ../out/amd64 ../out/arm
expect_output '^arm64 +first-class +2/2 +0/0 +2/2 +passes'
expect_output '^riscv64 +candidate +2/2 +0/0 +2/2 +ready'
decided=$(echo _release/* | tr ' ' '\n' | tail -n 1)
[ "$(jq -r '.images | length' "$decided/runs.json")" -eq 2 ] || fail "$(cat "$decided/runs.json")"
jq -e '.excuses | map(select(.ships)) | length == 4' "$decided/excuses.json" >/dev/null || fail "$(cat "$decided/excuses.json")"
"$RTFX" release verdict --json --results ../out/amd64 --results ../out/arm >verdict.json
jq -e '.ships and (.arches | length) == 3' verdict.json >/dev/null || fail "$(cat verdict.json)"

# A plan that travels does as well as the project; another one does not.
"$RTFX" release plan -o ../plan.json >output
expect_exit 0 "$RTFX" release verdict --plan ../plan.json --results ../out/amd64 ../out/arm
sed 's/"commit": "[0-9a-f]*"/"commit": "abc"/' ../plan.json >../stale.json
expect_exit 2 "$RTFX" release verdict --plan ../stale.json --results ../out/amd64 ../out/arm
expect_output 'out/amd64: its results are of another plan: commit abc and commit [0-9a-f]{40}'
expect_exit 2 "$RTFX" release verdict --plan rtfx.yml --results ../out/amd64
expect_output 'rtfx.yml: it is not JSON'

# The same on two machines, once failed: flaky, never silently the last one.
mkdir ../out/again && cp -r ../out/arm/. ../out/again
awk '/"demo.ok.first"/ && /"finished"/ && /"arm64"/ { sub(/"result":"pass"/, "\"result\":\"fail\",\"reason\":\"exit 9\"") } { print }' ../out/arm/events.jsonl >../out/again/events.jsonl
! cmp -s ../out/arm/events.jsonl ../out/again/events.jsonl || fail "the log was not changed"
for order in '../out/arm ../out/again' '../out/again ../out/arm'; do
    expect_exit 0 "$RTFX" release verdict --results ../out/amd64 $order
    expect_output 'flaky  arm64 case demo.ok.first: flaky: it passed, but not in again \(fail: exit 9\)'
done

# Results without their images ship nothing.
mv ../out/arm/images ../out/arm-images
expect_exit 1 "$RTFX" release verdict --results ../out/amd64 ../out/arm
expect_output 'BLOCKS arm64 package demo/one:.*: there is no image to publish'
mv ../out/arm-images ../out/arm/images

# What is no folder of results.
expect_exit 2 "$RTFX" release verdict
expect_output '\-\-results is missing'
expect_exit 2 "$RTFX" release verdict --results ../out/none
expect_output 'out/none has no events.jsonl'
expect_exit 2 "$RTFX" release test --arch amd64 --out pkg
expect_output 'pkg has files, but no results of a release'
expect_exit 4 "$RTFX" release test --arch arm46
expect_exit 4 "$RTFX" release test --arch s390x

# Another commit.
echo '# more' >>cases/010_ok/010_first/test.sh
commit "another commit"
expect_exit 2 "$RTFX" release verdict --results ../out/amd64 ../out/arm
expect_output 'out/amd64: its results are of another plan: commit [0-9a-f]{40} and commit [0-9a-f]{40}'
expect_exit 2 "$RTFX" release test --arch amd64 --out ../out/amd64
