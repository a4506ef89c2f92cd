#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What rtfx build takes, prints and refuses.
. "$RTFX_SOURCE/tests/lib/images.sh"
mkdir files && echo kernel >files/kernel && echo init >files/init
digest=$(image docker.io/org/both:1 amd64 files)
cat >x.yml <<'YAML'
kernel: {image: org/both:1, tar: none, cmdline: console=ttyS0}
init: [org/both:1]
YAML
echo 'kernel: {cmdline: "a b"}' >y.yml

expect_exit 0 "$RTFX" build --no-sbom --arch amd64 x.yml
[ ! -s output ] || fail "a build that works says something: $(cat output)"
[ "$(cat x-cmdline)" = console=ttyS0 ] || fail "the command line is $(cat x-cmdline)"
zcat x-initrd.img | cpio --quiet -t | grep -qx init || fail 'the initrd has no init'

mkdir out
expect_exit 0 "$RTFX" -v build --arch amd64 --dir out x.yml y.yml
expect_output "^org/both:1 $digest$"
[ "$(cat out/y-cmdline)" = 'a b' ] || fail 'the later file does not win'
expect_exit 0 "$RTFX" build --arch amd64 --dir out --name z --format tar --json x.yml
jq -e --arg digest "$digest" '.arch == "amd64" and .outputs[0].path == "out/z.tar" and .images == [{ref: "org/both:1", digest: $digest}]' \
    output >/dev/null || { cat output >&2; fail 'the JSON is not right'; }
[ "$(jq -r '.outputs[0].digest' output)" = "sha256:$(sha256sum <out/z.tar | cut -d' ' -f1)" ] || fail 'the digest of the output is not right'

expect_exit 0 "$RTFX" build --dry-run --arch amd64 x.yml y.yml
expect_output '^    cmdline: a b$'
cp output merged.yml
expect_exit 0 "$RTFX" build --dry-run --arch amd64 merged.yml
cmp output merged.yml || fail 'the merged YAML is not read back as the same'

expect_exit 1 "$RTFX" build --offline --arch s390x x.yml
expect_output 'image org/both:1: .* has it for amd64, but not for s390x'
expect_exit 4 "$RTFX" build --arch s390 x.yml
expect_output 's390x'
expect_exit 2 "$RTFX" build --arch amd64,s390x x.yml
expect_exit 2 "$RTFX" build --arch amd64 --dir nowhere x.yml
expect_exit 2 "$RTFX" build --arch amd64 --name a/b x.yml
expect_exit 2 "$RTFX" build --arch amd64 nothing.yml
expect_output 'nothing.yml'
