#!/bin/sh
# SUMMARY: Every format of an image that qemu can boot boots
# LABELS:
# SPDX-License-Identifier: Apache-2.0
exit 0
