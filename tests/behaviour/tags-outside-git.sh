#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Without git there is no hash: the tag is "latest", or what the flags say.
. "$RTFX_SOURCE/tests/lib/tags.sh"
GIT_CEILING_DIRECTORIES=$PWD
export GIT_CEILING_DIRECTORIES
mkdir plain
cd plain
package foo 'image: foo'
package bar 'image: bar' 'extra-sources: ["../foo:/foo"]'
tag linuxkit/foo:latest foo
tag docker.io/linuxkit/foo:latest --canonical foo
tag linuxkit/foo:hhh --hash hhh foo
tag linuxkit/foo:ab --tag 'a{{.Hash}}b' foo
tag linuxkit/foo:latest --force-dirty foo
tag linuxkit/foo:latest --hash-commit nosuch foo
refused 2 'the extra source .*/foo is not a directory in a git repository' bar

# A repository without commits.
cd ..
mkdir unborn
cd unborn
git init --quiet .
package foo 'image: foo'
refused 2 'unborn has no commits yet; commit the package first' foo
tag linuxkit/foo:h --hash h foo
