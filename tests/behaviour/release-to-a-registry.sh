#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A real registry server on loopback: no tag before the verdict, every arch readable afterwards, arches of others kept.
. "$RTFX_SOURCE/tests/lib/project.sh"
make_project

port=0
for candidate in $(seq 5100 5140); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; then
        port=$candidate
        break
    fi
done
mkdir ../registry
cat >../registry/config.yml <<YML
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $PWD/../registry/data}}
http: {addr: "127.0.0.1:$port"}
YML
docker-registry serve ../registry/config.yml >../registry/log 2>&1 &
registry=$!
trap 'kill $registry' EXIT
tries=0
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || { cat ../registry/log >&2; fail "the registry does not answer"; }
    sleep 0.1
done
tags() { skopeo list-tags --tls-verify=false "docker://127.0.0.1:$port/x/demo/one" 2>/dev/null | grep -oE '"[0-9a-f]{40}[^"]*"' || :; }

test_case 010_ok/020_second 'test "$RTFX_ARCH" != arm64'
commit "fails on arm64"
expect_exit 1 "$RTFX" release --to "127.0.0.1:$port/x"
[ -z "$(tags)" ] || fail "tags before the verdict: $(tags)"

test_case 010_ok/020_second 'exit 0'
commit "passes"
expect_exit 0 "$RTFX" release --to "127.0.0.1:$port/x"
[ "$(tags | wc -l)" -eq 3 ] || fail "expected an index and two arches, got: $(tags)"
index=$(tags | grep -vE -- '-(amd64|arm64)"' | tr -d '"')
for arch in amd64 arm64; do
    skopeo inspect --tls-verify=false --override-arch "$arch" "docker://127.0.0.1:$port/x/demo/one:$index" | grep -q "\"Architecture\": \"$arch\"" ||
        fail "$arch cannot be read"
done

# Somebody else published riscv64 under the same tag: it stays when our arches are published again.
skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$port/x/demo/one:$index" >first.json
sed -i 's/riscv64: {stage: candidate}/riscv64: {stage: first-class}/; s/amd64: {stage: first-class}/amd64: {stage: candidate}/' rtfx.yml
commit "riscv64 ships, amd64 does not"
expect_exit 0 "$RTFX" release --to "127.0.0.1:$port/x"
skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$port/x/demo/one:$index" >second.json
[ "$(grep -o '"architecture":"[^"]*"' second.json | sort -u | wc -l)" -eq 3 ] || fail "an arch was lost: $(cat second.json)"

# A registry that cannot be asked is an error, not an empty one.
kill "$registry"
wait "$registry" 2>/dev/null || :
trap - EXIT
expect_exit 1 "$RTFX" release --to "127.0.0.1:$port/x"
expect_output 'asking for docker://127.0.0.1'
