#!/bin/sh
# SUMMARY: Basic things, with a "comma"
# REPEAT: 3
exit 0
