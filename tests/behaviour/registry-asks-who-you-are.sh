#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A registry with TLS of an own authority and a password: by flag, by docker's configuration, by a credential helper.
# The password is never printed.
. "$RTFX_SOURCE/tests/lib/registry.sh"
start_registry tls ada 'correct:horse'
https="$registry=https://$registry"
image_on a demo/one:v1 amd64

# Nobody may do anything.
expect_exit 3 on a "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1" --mirror "$https" --cert-file ca.pem
expect_output "401 Unauthorized; log in with \"docker login $registry\", or give --registry-creds"
expect_exit 3 on a "$RTFX" cache pull "$registry/demo/one:v1" --mirror "$https" --cert-file ca.pem \
    --registry-creds "$registry=ada:wrong-secret"
expect_output '401 Unauthorized'
expect_no_output wrong-secret

expect_exit 0 on a "$RTFX" cache push demo/one:v1 --remote-name "$registry/demo/one:v1" --mirror "$https" --cert-file ca.pem \
    --registry-creds "$registry=ada:correct:horse"
expect_output 'demo/one:v1 created'
expect_no_output horse

# As docker login leaves it.
mkdir -p "$DOCKER_CONFIG"
printf '{"auths": {"%s": {"auth": "%s"}}}' "$registry" "$(printf 'ada:correct:horse' | base64)" >"$DOCKER_CONFIG/config.json"
expect_exit 0 on b env LINUXKIT_MIRROR="$https" "$RTFX" cache pull "$registry/demo/one:v1" --cert-file ca.pem

# A helper that keeps it.
mkdir bin
cat >bin/docker-credential-box <<'HELPER'
#!/bin/sh
[ "$1" = get ] && printf '{"ServerURL": "%s", "Username": "ada", "Secret": "correct:horse"}' "$(cat)"
HELPER
chmod +x bin/docker-credential-box
echo '{"credsStore": "box"}' >"$DOCKER_CONFIG/config.json"
expect_exit 0 on c env PATH="$PWD/bin:$PATH" "$RTFX" cache pull "$registry/demo/one:v1" --mirror "$https" --cert-file ca.pem
expect_exit 3 on d "$RTFX" cache pull "$registry/demo/one:v1" --mirror "$https" --cert-file ca.pem
expect_output 'docker-credential-box, which is not installed'
echo '{"auths": []}' >"$DOCKER_CONFIG/config.json"
expect_exit 2 on d "$RTFX" cache pull "$registry/demo/one:v1"
expect_output 'config.json: auths is not a JSON object'
echo '{}' >"$DOCKER_CONFIG/config.json"

# An authority that nobody trusts, no TLS where TLS is wanted, TLS where none is wanted.
expect_exit 3 on d "$RTFX" cache pull "$registry/demo/one:v1" --mirror "$https"
expect_output 'trust its authority with --cert-file FILE'
expect_exit 1 on d "$RTFX" cache pull "$registry/demo/one:v1"
expect_output "asking $registry for demo/one:v1: 400 Bad Request"
expect_exit 2 on d "$RTFX" cache pull "$registry/demo/one:v1" --cert-file nothing.pem
expect_output 'nothing.pem'
expect_exit 2 on d "$RTFX" cache pull "$registry/demo/one:v1" --registry-creds secret-without-registry
expect_output 'expected REGISTRY=USER:PASSWORD'
expect_no_output secret
tls=$registry
start_registry
expect_exit 3 on d "$RTFX" cache pull "$registry/demo/one:v1" --mirror "$registry=https://$registry"
expect_output 'for a registry without TLS give --mirror'

# A mirror is asked instead of the registry, with its own login. linuxkit's users write such flags before the command.
expect_exit 0 on f "$RTFX" --mirror "registry.invalid=https://$tls" --cert-file ca.pem cache pull registry.invalid/demo/one:v1 \
    --registry-creds "$tls=ada:correct:horse"
expect_exit 0 on e "$RTFX" cache pull registry.invalid/demo/one:v1 --mirror "registry.invalid=https://$tls" --cert-file ca.pem \
    --registry-creds "$tls=ada:correct:horse"
expect_output '^registry.invalid/demo/one:v1 sha256:'
expect_exit 3 on a "$RTFX" cache push demo/one:v1 --remote-name registry.invalid/demo/one:v2 --mirror "registry.invalid=https://$tls"
expect_output 'asking registry.invalid for'
