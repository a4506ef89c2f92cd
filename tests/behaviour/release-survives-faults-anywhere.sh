#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A release is published with a fault somewhere, or killed: no tag is incomplete or ahead of an earlier step, and doing it
# again gives what an undisturbed publish gives. A sample; tests/faults/sweep does all.
. "$RTFX_SOURCE/tests/lib/expect.sh"
unset RTFX_MIRROR LINUXKIT_MIRROR SSL_CERT_FILE http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY RTFX_CACHE || :
export DOCKER_CONFIG="$PWD/docker-config"
expect_exit 0 python3 "$RTFX_SOURCE/tests/faults/sweep" --scratch "$PWD" --sample 12
expect_output '^12 points swept, [0-9]+ reached, 0 wrong'
