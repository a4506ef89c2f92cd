#!/bin/sh
# SUMMARY: Applications start
# LABELS:
# AUTHOR: A. Tester <a@example.org>
# ISSUE: https://example.org/1
# ISSUE: https://example.org/2
exit 0
