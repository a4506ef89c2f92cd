#!/bin/sh
# SUMMARY: Runs on amd64
# LABELS: amd64
exit 0
