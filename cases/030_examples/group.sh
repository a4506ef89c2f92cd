#!/bin/sh
# SUMMARY: Each example does what a user expects of it
# LABELS:
# SPDX-License-Identifier: Apache-2.0
exit 0
