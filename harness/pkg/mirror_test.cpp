// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "harness/pkg/build_all.hpp"
#include "harness/process/fake_runner.hpp"

namespace rtfx::pkg {
namespace {

using process::Command;
using process::FakeRunner;
using testing::HasSubstr;

bool has(const Command& command, const std::string& word) {
  return std::find(command.argv.begin(), command.argv.end(), word) != command.argv.end();
}

/// The archive's address, from what a faked apt prints.
class MirrorTest : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("RTFX_DEBIAN_MIRROR");
    if (!process::find_program("apt-get")) GTEST_SKIP() << "no apt on this host";
    runner.script = [this](const Command& command) {
      return FakeRunner::exit(0, has(command, "indextargets") ? indexes : uris);
    };
  }
  FakeRunner runner;
  std::string indexes, uris;
};

TEST_F(MirrorTest, the_variable_wins) {
  ::setenv("RTFX_DEBIAN_MIRROR", "http://mine.example/debian/", 1);
  EXPECT_EQ(debian_mirror(runner), "http://mine.example/debian");
  ::unsetenv("RTFX_DEBIAN_MIRROR");
}

TEST_F(MirrorTest, debians_own_archive_is_found_among_others) {
  indexes =
      "Other|Other|http://other.example/debian/\nDebian|Debian-Security|http://a.example/"
      "debian-security/\nDebian|Debian|file:/mnt/\nDebian|Debian|http://a.example/pool/debian/\n";
  EXPECT_EQ(debian_mirror(runner), "http://a.example/pool/debian");
}

TEST_F(MirrorTest, without_fetched_indexes_the_configuration_tells) {
  uris =
      "'http://a.example/debian-security/dists/bookworm-security/InRelease' x "
      "0\n'http://a.example/debian/dists/bookworm-updates/InRelease' x 0\n"
      "'http://a.example/debian/dists/bookworm/InRelease' x 0\n";
  EXPECT_EQ(debian_mirror(runner), "http://a.example/debian");
}

TEST_F(MirrorTest, no_archive_is_the_hosts_fault) {
  try {
    debian_mirror(runner);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::host);
    EXPECT_THAT(error.what(), HasSubstr("RTFX_DEBIAN_MIRROR"));
  }
}

}  // namespace
}  // namespace rtfx::pkg
