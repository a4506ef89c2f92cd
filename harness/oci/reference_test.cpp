// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/reference.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace rtfx::oci {
namespace {

TEST(Reference, is_expanded_as_docker_does) {
  const std::pair<const char*, const char*> cases[] = {
      {"busybox:1", "docker.io/library/busybox:1"},
      {"linuxkit/foo:x", "docker.io/linuxkit/foo:x"},
      {"my.reg.io:5000/x/foo:y", "my.reg.io:5000/x/foo:y"},
      {"localhost/foo:y", "localhost/foo:y"},
      {"reg:5000/foo", "reg:5000/foo"},
      {"a/b/c:d", "a/b/c:d"},
      {"/foo:x", "docker.io//foo:x"}};
  for (const auto& [ref, expected] : cases) EXPECT_EQ(expand_reference(ref), expected);
}

}  // namespace
}  // namespace rtfx::oci
