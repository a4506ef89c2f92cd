#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Wrong command lines and build.yml files: one line each, and no tag is printed, not even of the packages before.
. "$RTFX_SOURCE/tests/lib/tags.sh"
make_repository
bad() { # REGEX BUILD.YML-LINE...
    regex=$1
    shift
    package pkg/bad "$@"
    git add pkg/bad
    git commit --quiet --message bad
    refused 2 "$regex" pkg/foo pkg/bad
}
bad 'pkg/bad/build.yml: is empty'
bad 'build.yml:1: package: "image" is missing' 'org: x'
bad 'build.yml:2: .*unknown key "foo"' 'image: x' 'foo: bar'
bad 'build.yml:2: .*network' 'image: x' 'network: [1]'
bad 'build.yml:2: extra-sources: "a:b:c" is not of the form' 'image: x' 'extra-sources: ["a:b:c"]'
bad 'build.yml:2: extra-sources: "a" is not of the form' 'image: x' 'extra-sources: [a]'
bad 'build.yml:2: extra-sources: the destination "/../x" is not inside' 'image: x' 'extra-sources: ["../common:/../x"]'
bad 'build.yml:2: dockerfile must be a path inside' 'image: x' 'dockerfile: ../Dockerfile'
bad 'build.yml:2: .*invalid tag template .*\{\{ is not closed' 'image: x' 'tag: "{{.Hash"'
# linuxkit prints "<no value>" here.
refused 2 'invalid tag template .*cannot understand \{\{.Foo\}\}' --tag '{{.Foo}}' pkg/foo
refused 2 'invalid tag template .*\{\{ is not closed' --tag '{{.Hash' pkg/foo
refused 2 'there is no such directory' pkg/nothing
refused 2 'not a directory' pkg/foo/build.yml
refused 2 'no package: there is no build.yml' pkg/common
package pkg/gone 'image: x' 'extra-sources: ["../nothing:/x"]'
commit
refused 2 'the extra source .*/pkg/nothing is not a directory in a git repository' pkg/gone
package pkg/file 'image: x' 'extra-sources: ["../common/file:/x"]'
commit
refused 2 'the extra source .*/pkg/common/file is not a directory' pkg/file
(
    unset USER
    refused 2 '--dev needs the variable USER' --dev pkg/foo
)
expect_exit 2 "$RTFX" pkg show-tag
