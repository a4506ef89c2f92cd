#!/bin/sh
# SUMMARY: Advanced things
# LABELS: slow, blue
# TIMEOUT: 5m
exit 0
