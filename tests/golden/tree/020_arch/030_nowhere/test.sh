#!/bin/sh
# SUMMARY: Never runs on Linux
# LABELS: !linux
exit 0
