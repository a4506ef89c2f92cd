#!/bin/sh
# SUMMARY: What each package does in a booted system
# LABELS:
# SPDX-License-Identifier: Apache-2.0
exit 0
