// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/rootfs.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/process/fake_runner.hpp"

namespace rtfx::pkg {
namespace {

using process::Command;
using process::FakeResult;
using process::FakeRunner;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

bool has(const Command& command, const std::string& word) {
  return std::find(command.argv.begin(), command.argv.end(), word) != command.argv.end();
}

/// mmdebstrap and an apt whose archive has one package are faked.
class RootfsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!process::find_program("mmdebstrap") || !process::find_program("apt-get") ||
        !fs::exists("/usr/share/keyrings/debian-archive-keyring.gpg"))
      GTEST_SKIP() << "needs mmdebstrap, apt and Debian's keys";
    runner.script = [this](const Command& command) { return play(command); };
    package.directory = "/packages/it's";
    package.rootfs = RootfsDependency{{"trixie"}, {"main"}, "extract", {"jq"}, "customize", "r.tar"};
    fs::create_directories(directory.path() / "tmp");
  }

  FakeResult play(const Command& command) {
    if (command.argv[0] == "mmdebstrap") return mmdebstrap();
    if (command.argv[0] != "apt-get") return FakeRunner::exit(0);
    const fs::path state = fs::path(command.env.at("APT_CONFIG")).parent_path();
    if (has(command, "update"))
      std::ofstream(state / "lists/x_Packages")
          << "Package: jq\nVersion: 1\nArchitecture: arm64\nFilename: pool/jq.deb\nSHA256: "
          << Digest::of("jq").hex() << "\n";
    if (has(command, "--download-only")) std::ofstream(state / "archives/jq_1_arm64.deb") << "jq";
    return FakeRunner::exit(
        0, has(command, "--print-uris") ? "'http://a/pool/jq.deb' jq_1_arm64.deb 2 x\n" : "");
  }

  /// What mmdebstrap was given, after it has run.
  std::vector<std::string> make() {
    const Steps steps{runner, log, {}, std::chrono::steady_clock::now() + std::chrono::hours(1)};
    make_rootfs(package, ArchTable::builtin().find("arm64"), "http://a/debian", 1700000000,
                directory.path() / "r.tar", directory.path() / "tmp", directory.path() / "debs",
                steps);
    EXPECT_EQ(runner.commands.back().argv[0], "mmdebstrap");
    EXPECT_EQ(runner.commands.back().env.at("SOURCE_DATE_EPOCH"), "1700000000");
    return runner.commands.back().argv;
  }

  TemporaryDirectory directory;
  FakeRunner runner;
  Log log;
  Package package;
  std::function<FakeResult()> mmdebstrap = [] { return FakeRunner::exit(0); };
};

TEST_F(RootfsTest, known_packages_come_from_the_cache_and_the_image_names_the_archive) {
  const auto argv = make();
  EXPECT_THAT(argv, Contains("--include=jq"));
  EXPECT_EQ(argv.back(),
            "deb [trusted=yes] copy:" + (directory.path() / "tmp/packages").string() + " ./");
  EXPECT_EQ(read_file(directory.path() / "tmp/packages/pool/jq.deb"), "jq");
  const std::string all = text::join(argv, "\n");
  EXPECT_THAT(all, HasSubstr("--extract-hook=echo 'deb http://a/debian trixie main' > "
                             "\"$1\"/etc/apt/sources.list\n"
                             "--extract-hook=sh '/packages/it'\\''s/customize' \"$1\"\n"));
}

TEST_F(RootfsTest, mmdebstrap_chooses_the_packages_of_other_variants) {
  package.rootfs->variant = "minbase";
  const auto argv = make();
  EXPECT_EQ(argv.back(), "deb http://a/debian trixie main");
  EXPECT_EQ(runner.commands.size(), 1U);
  EXPECT_THAT(text::join(argv, "\n"), HasSubstr("--customize-hook=sh "));
  EXPECT_THAT(text::join(argv, "\n"), Not(HasSubstr("sources.list")));
}

TEST_F(RootfsTest, a_network_that_fails_for_a_moment_is_no_failure) {
  package.rootfs->variant = "minbase";
  mmdebstrap = [this] {
    return runner.commands.size() > 1
               ? FakeRunner::exit(0)
               : FakeRunner::exit(25, "", "E: Failed to fetch  Connection timed out");
  };
  make();
  EXPECT_EQ(runner.commands.size(), 2U);
}

TEST_F(RootfsTest, what_mmdebstrap_says_is_told) {
  mmdebstrap = [] { return FakeRunner::exit(1, "", "E: the hook failed\n"); };
  try {
    make();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("making the root filesystem: mmdebstrap: exit 1"));
    EXPECT_THAT(error.what(), HasSubstr("the hook failed"));
  }
}

}  // namespace
}  // namespace rtfx::pkg
