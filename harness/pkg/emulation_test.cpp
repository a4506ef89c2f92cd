// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/emulation.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::pkg {
namespace {

TEST(Emulation, native_cross_and_emulated_are_told_apart) {
  EXPECT_EQ(kind_of_build("amd64", "amd64", {"amd64"}), BuildKind::native);
  EXPECT_EQ(kind_of_build("arm64", "amd64", {}), BuildKind::cross);
  EXPECT_EQ(kind_of_build("arm64", "amd64", {"amd64"}), BuildKind::cross);
  EXPECT_EQ(kind_of_build("arm64", "amd64", {"amd64", "arm64"}), BuildKind::emulated);
  EXPECT_EQ(kind_of_build("amd64", "amd64", {"s390x"}), BuildKind::emulated);
}

TEST(Emulation, a_handler_must_be_enabled_and_open_in_containers) {
  const TemporaryDirectory directory("binfmt");
  const Arch arch = ArchTable::builtin().find("arm64");
  const auto refused = [&] {
    try {
      require_emulator(arch, directory.path());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::host);
      EXPECT_THAT(error.what(), testing::HasSubstr("/usr/lib/binfmt.d/qemu-aarch64.conf"));
      return true;
    }
    return false;
  };
  const auto handler = [&](const std::string& text) {
    std::ofstream(directory.path() / "qemu-aarch64") << text;
  };
  EXPECT_TRUE(refused());
  handler("disabled\ninterpreter /x\nflags: POCF\n");
  EXPECT_TRUE(refused());
  handler("enabled\ninterpreter /x\nflags: POC\n");
  EXPECT_TRUE(refused());
  handler("enabled\ninterpreter /x\nflags: POCF\n");
  EXPECT_FALSE(refused());
}

}  // namespace
}  // namespace rtfx::pkg
