#!/bin/sh
# SUMMARY: rtfx boot with guests that are used, and misused
# LABELS:
# SPDX-License-Identifier: Apache-2.0
exit 0
