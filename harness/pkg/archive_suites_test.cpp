// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive_suites.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/process/fake_runner.hpp"

namespace rtfx::pkg {
namespace {

using process::Command;
using process::FakeResult;
using process::FakeRunner;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// An archive whose suites have one package in different versions, and an apt that is faked.
class ArchiveSuitesTest : public testing::Test {
 protected:
  struct Suite {
    std::string codename;
    std::string version;
    std::string failure = {};  ///< of the download
  };

  void SetUp() override {
    if (!process::find_program("apt-get") ||
        !std::filesystem::exists("/usr/share/keyrings/debian-archive-keyring.gpg"))
      GTEST_SKIP() << "needs apt and Debian's keys";
    runner.script = [this](const Command& command) { return play(command); };
  }

  FakeResult play(const Command& command) {
    if (command.argv[0] != "apt-get") return FakeRunner::exit(0);
    const auto state = std::filesystem::path(command.env.at("APT_CONFIG")).parent_path();
    const std::string name = text::split(read_file(state / "sources.list"), ' ').at(3);
    const Suite& suite = suites.at(name);
    const auto has = [&](const char* word) {
      return std::find(command.argv.begin(), command.argv.end(), word) != command.argv.end();
    };
    const std::string file = "jq_" + suite.version + "_s390x.deb";
    if (has("update")) {
      std::ofstream(state / "lists/x_InRelease")
          << "Suite: y\nCodename: " << suite.codename << "\n";
      std::ofstream(state / "lists/x_Packages")
          << "Package: jq\nVersion: " << suite.version << "\nArchitecture: s390x\nFilename: pool/"
          << file << "\nSHA256: " << Digest::of(suite.version).hex() << "\n";
      return FakeRunner::exit(0);
    }
    if (has("--print-uris")) return FakeRunner::exit(0, "'http://a/x' " + file + " 3 SHA256:0\n");
    if (!suite.failure.empty()) return FakeRunner::exit(100, "", suite.failure);
    std::ofstream(state / "archives" / file) << suite.version;
    return FakeRunner::exit(0);
  }

  /// The suite that the package came from and its version, or the error.
  std::string fetch() {
    const Steps steps{runner,
                      log,
                      {},
                      std::chrono::steady_clock::now() + std::chrono::seconds(1),
                      [&](const std::string& line) { warnings.push_back(line); }};
    try {
      const ArchiveSuites from{"http://a/debian", names, {"main"}, "s390x"};
      const Fetched fetched = fetch_packages(directory.path() / "debs", from, {{"jq"}, {}}, steps);
      return fetched.source.suite + " " + fetched.packages.at(0).version;
    } catch (const Error& error) {
      return error.what();
    }
  }

  static constexpr const char* missing =
      "E: Failed to fetch http://a/debian/pool/jq.deb  404  Not Found [IP: 192.0.2.1 80]";
  TemporaryDirectory directory;
  FakeRunner runner;
  Log log;
  std::vector<std::string> warnings;
  std::vector<std::string> names{"trixie", "stable"};
  std::map<std::string, Suite> suites{{"trixie", {"trixie", "2"}}, {"stable", {"trixie", "1"}}};
};

TEST_F(ArchiveSuitesTest, the_first_suite_is_taken_while_its_files_are_there) {
  EXPECT_EQ(fetch(), "trixie 2");
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(ArchiveSuitesTest, an_index_without_its_files_gives_way_to_an_older_one_of_the_release) {
  suites["trixie"].failure = missing;
  EXPECT_EQ(fetch(), "stable 1");
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("index of trixie for s390x"),
                                          HasSubstr("index of stable"))));
}

TEST_F(ArchiveSuitesTest, another_release_is_never_taken) {
  suites["trixie"].failure = missing;
  suites["stable"].codename = "forky";
  EXPECT_THAT(fetch(),
              AllOf(HasSubstr("404  Not Found"), HasSubstr("stable is forky there, not trixie")));
}

TEST_F(ArchiveSuitesTest, a_suite_that_does_not_say_its_release_is_not_taken) {
  suites["trixie"].failure = missing;
  suites["stable"].codename = "";
  EXPECT_THAT(fetch(), HasSubstr("stable is of no known release there, not trixie"));
}

TEST_F(ArchiveSuitesTest, other_failures_are_told_as_they_are) {
  suites["trixie"].failure = "E: You don't have enough free space";
  EXPECT_THAT(fetch(), AllOf(HasSubstr("free space"), Not(HasSubstr("stable"))));
  names = {"trixie"};
  suites["trixie"].failure = missing;
  EXPECT_THAT(fetch(), AllOf(StartsWith("apt-get: exit 100"), Not(HasSubstr("stead"))));
}

TEST_F(ArchiveSuitesTest, when_no_suite_has_its_files_all_reasons_are_told) {
  suites["trixie"].failure = missing;
  suites["stable"].failure = "E: File has unexpected size (3 != 4). Mirror sync in progress?";
  EXPECT_THAT(fetch(), AllOf(HasSubstr("404  Not Found"), HasSubstr("in its stead from stable: "),
                             HasSubstr("unexpected size")));
  EXPECT_THAT(warnings, IsEmpty());
}

}  // namespace
}  // namespace rtfx::pkg
