#!/bin/sh
# SUMMARY: getty asks for a name on the console unless it was told to trust everybody
# LABELS:
# REPEAT:
# TIMEOUT: 120
# SPDX-License-Identifier: Apache-2.0
. "$RT_PROJECT_ROOT/_lib/lib.sh"

# That it gives a shell when it was told so is seen in linuxkit.examples.minimal.
assemble test.yml
boot --expect '\[getty\] getty: on tty' --expect 'rescue login: ' --reject 'rescue:~#'
