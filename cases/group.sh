#!/bin/sh
# SUMMARY: Packages, kernels and images of this repository
# NAME: linuxkit
# LABELS:
# SPDX-License-Identifier: Apache-2.0
#
# init builds what the cases assemble their images from; packages that are built already cost a look.
set -eu

case ${1:-} in
    init)
        "$RTFX" pkg build --platforms "linux/$RTFX_ARCH" "$RTFX_PROJECT"/pkg/* "$RTFX_PROJECT"/kernel/*
        ;;
    deinit) ;;
    *)
        echo "usage: $0 init|deinit"
        exit 2
        ;;
esac
