#!/bin/sh
# SUMMARY: Publishing releases to a registry that fails
# LABELS:
# SPDX-License-Identifier: Apache-2.0
exit 0
