#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rtfx build pulls the images that the store lacks, for its arch, and tells what it cannot get; addresses of YAMLs.
. "$RTFX_SOURCE/tests/lib/registry.sh"
start_registry
image_on publisher "$registry/org/init:1" amd64
image_on publisher "$registry/org/init:2" arm64
on publisher "$RTFX" cache push "$registry/org/init:1" "$registry/org/init:2" >/dev/null
build() {
    "$RTFX" build --arch amd64 --no-sbom "$@"
}
echo "init: [$registry/org/init:1]" >x.yml

expect_exit 1 build --offline x.yml
expect_output "image $registry/org/init:1: not in the content store .*; get it with: rtfx cache pull $registry/org/init:1"
expect_exit 0 build x.yml
expect_output "^image $registry/org/init:1 pulled in "
[ "$(wc -l <output)" -eq 1 ] || fail 'more than one line about one image'
[ -s x-initrd.img ] || fail 'no initrd'
before=$(requests GET)
expect_exit 0 build x.yml
[ ! -s output ] && [ "$(requests GET)" -eq "$before" ] || fail 'the registry is asked for what is here'
expect_exit 0 build --pull -q x.yml
[ ! -s output ] || fail '-q does not keep quiet'
[ "$(requests HEAD)$(requests GET)" != "0$before" ] || fail '--pull does not ask'

# A tag that has moved is taken with --pull only.
"$RTFX" build --arch amd64 --no-sbom --json x.yml | jq -r '.images[0].digest' >old
image_on publisher "$registry/org/init:1" amd64 'another text'
on publisher "$RTFX" cache push --override "$registry/org/init:1" >/dev/null
"$RTFX" build --arch amd64 --no-sbom --json x.yml | jq -r '.images[0].digest' >now
cmp old now || fail 'an image changes without --pull'
"$RTFX" build --pull --arch amd64 --no-sbom --json x.yml 2>/dev/null | jq -r '.images[0].digest' >now
! cmp -s old now || fail '--pull does not take the new image'

# All that cannot be had are told, with the reason.
rm -f x-*
cat >bad.yml <<YAML
init: [$registry/org/init:2, $registry/org/nothing:1, "127.0.0.1:1/org/a:1", "127.0.0.1:1/org/b:1"]
YAML
expect_exit 1 build bad.yml
expect_output "^rtfx: image $registry/org/init:2: .*the registry $registry does not have it for amd64"
expect_output "^rtfx: image $registry/org/nothing:1: .*the registry $registry does not have it for amd64; rtfx cache import"
expect_output '^rtfx: image 127.0.0.1:1/org/a:1: not in the content store .*127.0.0.1:1'
expect_output '^rtfx: image 127.0.0.1:1/org/b:1: not in the content store'
[ "$(wc -l <output)" -eq 4 ] || fail 'not one line for each image'
echo 'init: ["127.0.0.1:1/org/a:1"]' >down.yml
expect_exit 3 build down.yml
[ -z "$(ls ./*-initrd.img 2>/dev/null)" ] || fail 'something was written'

# What a release tests is not pulled.
printf '{"name": "%s/org/nothing:1", "arch": "amd64", "digest": "sha256:%064d"}\n' "$registry" 0 >subjects
before=$(requests HEAD)$(requests GET)
echo "init: [$registry/org/nothing:1]" >y.yml
RTFX_SUBJECTS=$PWD/subjects expect_exit 1 build y.yml
expect_output 'it is under test and not pulled'
[ "$(requests HEAD)$(requests GET)" = "$before" ] || fail 'the registry was asked for a subject'

# Addresses.
mkdir www && cp x.yml www/net.yml && echo 'init: ["@pkg:x"]' >www/package.yml && head -c 17000000 /dev/zero >www/large.yml
python3 - www >www.log 2>&1 <<'PY' &
import http.server, os, sys
os.chdir(sys.argv[1])
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        print(self.headers.get("Authorization"), flush=True)
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/moved/" if self.path == "/moved/" else "/net.yml")
            self.end_headers()
        else:
            super().do_GET()
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("listening", server.server_port, flush=True)
server.serve_forever()
PY
www=$!
registry_processes="$registry_processes $www"
wait_for_line www.log '^listening' $www
base=http://127.0.0.1:$(sed -n 's/^listening //p' www.log)
expect_exit 0 build "$base/net.yml"
[ -s net-initrd.img ] || fail 'no image from an address'
expect_exit 0 build --name moved "http://user:secret@${base#http://}/moved"
! grep -q Basic www.log || fail 'a login was sent'
expect_exit 1 build "http://user:secret@${base#http://}/nothing.yml"
expect_output "^rtfx: $base/nothing.yml: the server answers 404"
expect_no_output secret
expect_exit 1 build "$base/moved/"
expect_output 'leads to another address more than 10 times'
expect_exit 2 build "$base/package.yml"
expect_output "^rtfx: $base/package.yml:1: @pkg:x: only a YAML of this host can name packages"
got=0
build "$base/large.yml" >output 2>&1 || got=$?
[ $got -ne 0 ] || fail 'a YAML of 17 MB is taken'
expect_exit 3 build http://127.0.0.1:1/x.yml
