#!/bin/sh
# SUMMARY: Größe
exit 0
