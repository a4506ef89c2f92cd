// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/toolchain.hpp"

#include <gtest/gtest.h>

#include <map>

namespace rtfx::kernel {
namespace {

/// The package of each program.
std::map<std::string, std::string> needed(const char* arch, const char* host_uname) {
  std::map<std::string, std::string> packages;
  for (const NeededProgram& program :
       needed_programs(ArchTable::builtin().find(arch), host_uname)) {
    EXPECT_TRUE(packages.emplace(program.name, program.package).second) << program.name;
  }
  return packages;
}

TEST(Toolchain, for_the_host_is_the_hosts) {
  const auto packages = needed("amd64", "x86_64");
  EXPECT_EQ("gcc", packages.at("gcc"));
  EXPECT_EQ("binutils", packages.at("ld"));
  EXPECT_EQ("kmod", packages.at("depmod"));
  EXPECT_FALSE(packages.contains("x86_64-linux-gnu-gcc"));
}

TEST(Toolchain, for_another_arch_has_its_prefix_and_debians_names) {
  const auto packages = needed("amd64", "aarch64");
  EXPECT_EQ("gcc-x86-64-linux-gnu", packages.at("x86_64-linux-gnu-gcc"));
  EXPECT_EQ("binutils-x86-64-linux-gnu", packages.at("x86_64-linux-gnu-ld"));
  EXPECT_EQ("gcc", packages.at("gcc")) << "programs that the build itself runs are the host's";
  EXPECT_EQ("binutils", packages.at("objcopy")) << "they are stripped, when all is compiled";
  EXPECT_FALSE(packages.contains("ld"));
}

}  // namespace
}  // namespace rtfx::kernel
