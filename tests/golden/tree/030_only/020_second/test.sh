#!/bin/sh
# SUMMARY: Second by number
exit 0
