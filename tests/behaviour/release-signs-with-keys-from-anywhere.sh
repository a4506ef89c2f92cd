#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Keys come encrypted, from the environment and from a token; no passphrase is seen by a test or written anywhere.
. "$RTFX_SOURCE/tests/lib/project.sh"
. "$RTFX_SOURCE/tests/lib/signing.sh"
make_project
make_keys >/dev/null 2>&1
printf '*.pem\n*.pub\ntokens/\nsofthsm.conf\n' >>.gitignore
test_case 010_ok/030_environment 'if env | grep -q "rosebud"; then exit 1; fi'
commit "a test that looks for the passphrase"
openssl pkcs8 -topk8 -in ours.pem -out secret.pem -passout pass:rosebud -v2 aes-256-cbc
chmod 600 secret.pem

released() { # KEY
    expect_exit 0 "$RTFX" release --to oci:_release/oci --key "$1"
    expect_exit 0 "$RTFX" verify "oci:_release/oci:demo/one:$(tag_of one)" --key "$2"
    expect_output '^verified$'
}
RTFX_KEY_PASSWORD=rosebud released secret.pem ours.pub
if grep -r rosebud _release _results; then fail "the passphrase was written"; fi
unset RTFX_KEY_PASSWORD
RELEASE_KEY=$(cat other.pem) released env://RELEASE_KEY other.pub

# Wrong ones: told before anything is built.
RTFX_KEY_PASSWORD=wrong expect_exit 2 "$RTFX" release --to oci:_release/no --key secret.pem
expect_output 'secret\.pem: the passphrase is wrong'
expect_exit 2 setsid -w "$RTFX" release --to oci:_release/no --key secret.pem </dev/null
expect_output 'set RTFX_KEY_PASSWORD'
expect_exit 2 "$RTFX" release --to oci:_release/no --key ours.pub
expect_output 'is a public key'
expect_exit 2 "$RTFX" release --to oci:_release/no --key nowhere.pem
expect_output 'nowhere\.pem.*No such file'
[ ! -e _release/no ] || fail "something was published"

# A token, when this host can have one.
module=$(ls /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so 2>/dev/null | head -n 1)
if [ -z "$module" ] || ! command -v softhsm2-util >/dev/null || ! openssl engine pkcs11 >/dev/null 2>&1; then
    echo "no softhsm2 or no engine pkcs11: the token was not tried"
    exit 0
fi
mkdir tokens
echo "directories.tokendir = $PWD/tokens" >softhsm.conf
export SOFTHSM2_CONF="$PWD/softhsm.conf" PKCS11_MODULE_PATH="$module"
softhsm2-util --init-token --free --label ci --so-pin 4321 --pin 98765 >/dev/null
softhsm2-util --import ours.pem --token ci --label release --id 01 --pin 98765 >/dev/null
RTFX_KEY_PASSWORD=98765 released 'pkcs11:token=ci;object=release' ours.pub
RTFX_KEY_PASSWORD=11111 expect_exit 2 "$RTFX" release --to oci:_release/no --key 'pkcs11:token=ci;object=release'
expect_output 'the token gives no such key, or the PIN is wrong'
expect_exit 2 "$RTFX" release --to oci:_release/no --key 'pkcs11:token=ci;object=release?pin-value=98765'
expect_output 'RTFX_KEY_PASSWORD'
expect_no_output 98765
