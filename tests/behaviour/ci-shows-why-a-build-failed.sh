#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A build of ci/lib.sh that fails shows the errors and not its progress, whatever the files are called.
. "$RTFX_SOURCE/tests/lib/expect.sh"
. "$RTFX_SOURCE/ci/lib.sh"
mkdir -p project/build/release
cd project
cp "$RTFX_SOURCE/CMakePresets.json" .
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(fails CXX)
add_library(fine error.cpp)
add_executable(broken broken.cpp)
add_dependencies(broken fine)
END
echo 'int error() { return 0; }' >error.cpp
echo 'int main() { return nothing; }' >broken.cpp

if build all 2>shown; then fail 'a build that fails is taken for one that works'; fi
grep -q 'nothing.* was not declared' shown || fail 'the error of the compiler is not shown'
grep -q 'building all failed after' shown || fail 'it is not said that the build failed'
sed -n 2p shown | grep -q '^FAILED: .*broken' || fail 'what is shown does not begin with the error'

printf '[1/2] Building CXX object error.cpp.o\nninja: build stopped: interrupted by user.\n' >ended.log
build_errors ended.log >shown
grep -q interrupted shown || fail 'the last lines are not shown where no error is named'

echo 'message(FATAL_ERROR "no such compiler")' >>CMakeLists.txt
if build all 2>shown; then fail 'a build that cannot be configured is taken for one that works'; fi
grep -q 'no such compiler' shown || fail 'the error of cmake is not shown'
