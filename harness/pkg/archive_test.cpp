// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/pkg/archive_mirror.hpp"
#include "harness/pkg/archive_write.hpp"
#include "harness/process/fake_runner.hpp"

namespace rtfx::pkg {
namespace {

using process::Command;
using process::FakeResult;
using process::FakeRunner;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

bool has(const Command& command, const std::string& word) {
  return std::find(command.argv.begin(), command.argv.end(), word) != command.argv.end();
}

/// An archive with three packages and an apt that is faked: it "resolves" every request to what is asked for.
class ArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!process::find_program("apt-get") ||
        !fs::exists("/usr/share/keyrings/debian-archive-keyring.gpg"))
      GTEST_SKIP() << "needs apt and Debian's keys";
    runner.script = [this](const Command& command) { return play(command); };
    for (const char* name : {"crun", "jq", "linux-image-arm64"}) add(name);
  }

  static std::string content(const std::string& name) { return "content of " + name; }

  void add(const std::string& name) {
    index += (index.empty() ? "" : "\n") + std::string("Package: ") + name +
             "\nVersion: 1:2.0\nArchitecture: arm64\nFilename: pool/" + name + "_2.0_arm64.deb\n" +
             "SHA256: " + Digest::of(content(name)).hex() + "\n";
  }

  /// Below the cache there is one source, whose configuration the command has.
  FakeResult play(const Command& command) {
    if (command.argv[0] == "apt-config")
      return FakeRunner::exit(0,
                              "Acquire::Languages \"de\";\nAcquire::http::Proxy \"http://p\";\n");
    const fs::path state = fs::path(command.env.at("APT_CONFIG")).parent_path();
    if (has(command, "update")) {
      std::ofstream(state / "lists/x_Packages") << index;
      return FakeRunner::exit(0);
    }
    std::string uris;
    const auto after = std::find(command.argv.begin(), command.argv.end(), "install");
    for (auto it = after + 1; it != command.argv.end(); ++it) {
      if (it->starts_with("-")) continue;
      const std::string package = it->substr(0, it->find('='));
      if (index.find("Package: " + package + "\n") == std::string::npos)
        return FakeRunner::exit(100, "", "E: Unable to locate package " + package + "\n");
      const std::string name = package + "_1%3a2.0_arm64.deb";
      uris += "'http://a/pool/x.deb' " + name + " 3 SHA256:0\n";
      if (has(command, "--download-only") && !fs::exists(state / "archives" / name))
        std::ofstream(state / "archives" / name) << (wrong ? "other bytes" : content(package));
    }
    return FakeRunner::exit(0, has(command, "--print-uris") ? uris : "");
  }

  std::vector<std::string> fetch(const ArchiveRequest& request) {
    std::vector<std::string> names;
    const Steps steps{runner, log, {}, std::chrono::steady_clock::now() + std::chrono::hours(1)};
    packages = Archive(directory.path() / "debs", source, steps).fetch(request);
    for (const ArchivePackage& package : packages) names.push_back(package.name);
    return names;
  }
  std::size_t runs(const std::string& word) const {
    return static_cast<std::size_t>(
        std::count_if(runner.commands.begin(), runner.commands.end(),
                      [&](const Command& command) { return has(command, word); }));
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(packages.at(0).path.parent_path())) {
      if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryDirectory directory;
  FakeRunner runner;
  Log log;
  ArchiveSource source{"http://a/debian", "trixie", {"main"}, "arm64"};
  std::string index;
  std::vector<ArchivePackage> packages;
  bool wrong = false;
};

TEST_F(ArchiveTest, what_is_in_the_cache_is_not_downloaded_again) {
  EXPECT_THAT(fetch({{"jq", "crun"}, {}}), ElementsAre("crun", "jq"));
  EXPECT_EQ(read_file(packages[1].path), content("jq"));
  EXPECT_EQ(packages[1].file, "pool/jq_2.0_arm64.deb");
  EXPECT_THAT(packages[1].stanza, testing::StartsWith("Package: jq\n"));
  EXPECT_EQ(runs("--download-only"), 1U);
  fetch({{"jq"}, {}});
  EXPECT_EQ(runs("--download-only"), 1U);
}

TEST_F(ArchiveTest, the_index_is_asked_for_once) {
  fetch({{"jq"}, {}});
  fetch({{"crun"}, {}});
  EXPECT_EQ(runs("update"), 1U);
  source.arch = "riscv64";
  fetch({{"jq"}, {}});
  EXPECT_EQ(runs("update"), 2U);
}

TEST_F(ArchiveTest, apt_resolves_again_only_when_the_archive_has_changed) {
  fetch({{"jq"}, {}});
  fetch({{"jq"}, {}});
  EXPECT_EQ(runs("--print-uris"), 1U);
  fetch({{"jq"}, {"perl"}});
  EXPECT_EQ(runs("--print-uris"), 2U);
  const fs::path state = packages[0].path.parent_path().parent_path();
  std::ofstream(state / "lists/x_InRelease") << "Date: later";
  EXPECT_THAT(fetch({{"jq"}, {}}), ElementsAre("jq"));
  EXPECT_EQ(runs("--print-uris"), 3U);
}

TEST_F(ArchiveTest, a_file_that_was_changed_is_downloaded_again) {
  fetch({{"jq"}, {}});
  std::ofstream(packages[0].path) << "changed in pl";
  fetch({{"jq"}, {}});
  EXPECT_EQ(runs("--download-only"), 2U);
  EXPECT_EQ(read_file(packages[0].path), content("jq"));
}

TEST_F(ArchiveTest, waiting_for_another_build_ends) {
  const Steps steps{runner, log, {}, std::chrono::steady_clock::now() + std::chrono::hours(1)};
  const Archive first(directory.path() / "debs", source, steps);
  const Steps late{runner, log, {}, std::chrono::steady_clock::now()};
  EXPECT_THROW(Archive(directory.path() / "debs", source, late), Error);
  std::stop_source stop;
  stop.request_stop();
  const Steps cancelled{runner, log, stop.get_token(), steps.deadline};
  try {
    Archive(directory.path() / "debs", source, cancelled);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::interrupted);
  }
}

TEST_F(ArchiveTest, a_download_with_other_bytes_is_an_error) {
  wrong = true;
  try {
    fetch({{"jq"}, {}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("SHA256"));
  }
}

TEST_F(ArchiveTest, what_apt_does_not_know_is_told) {
  try {
    fetch({{"jq", "qj"}, {}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("Unable to locate package qj"));
  }
}

TEST_F(ArchiveTest, the_first_that_there_is_of_several) {
  EXPECT_THAT(fetch({{"linux-image-cloud-arm64 | linux-image-arm64"}, {}}),
              ElementsAre("linux-image-arm64"));
  EXPECT_THAT(fetch({{"crun|jq"}, {}}), ElementsAre("crun"));
}

TEST_F(ArchiveTest, what_is_left_out_counts_as_installed) {
  fetch({{"jq"}, {"perl"}});
  const fs::path state = packages[0].path.parent_path().parent_path();
  EXPECT_THAT(read_file(state / "status"),
              HasSubstr("Package: perl\nStatus: install ok installed"));
  fetch({{"jq"}, {}});
  EXPECT_EQ(read_file(state / "status"), "");
}

TEST_F(ArchiveTest, the_hosts_settings_of_the_network_are_used_and_no_others) {
  fetch({{"jq"}, {}});
  const std::string settings = read_file(runner.commands.back().env.at("APT_CONFIG"));
  EXPECT_THAT(settings, HasSubstr("Acquire::http::Proxy \"http://p\";"));
  EXPECT_THAT(settings, HasSubstr("Acquire::Languages \"none\";"));
  EXPECT_THAT(settings, Not(HasSubstr("\"de\"")));
}

TEST_F(ArchiveTest, files_that_no_request_names_are_removed) {
  fetch({{"jq", "crun"}, {}});
  const fs::path old = packages[0].path.parent_path() / "crun_1_arm64.deb";
  std::ofstream(old) << "old";
  fetch({{"jq"}, {}});
  EXPECT_THAT(files(), ElementsAre("crun_1%3a2.0_arm64.deb", "jq_1%3a2.0_arm64.deb"));
}

TEST_F(ArchiveTest, an_archive_of_its_own_is_the_same_every_time) {
  fetch({{"jq", "crun"}, {}});
  const fs::path target = directory.path() / "repository";
  write_archive(packages, source, 1700000000, {{"Platform", "linux/arm64"}}, target);
  const std::string release = read_file(target / "Release");
  const std::string written = read_file(target / "Packages");
  EXPECT_EQ(written, index.substr(0, index.find("\nPackage: linux")));
  EXPECT_EQ(release,
            "Suite: trixie\nDate: Tue, 14 Nov 2023 22:13:20 UTC\nArchitectures: arm64\n"
            "Components: main\nPlatform: linux/arm64\nSHA256:\n " +
                Digest::of(written).hex() + " " + std::to_string(written.size()) + " Packages\n");
  EXPECT_EQ(read_file(target / "pool/jq_2.0_arm64.deb"), content("jq"));
}

TEST_F(ArchiveTest, an_index_cannot_name_files_elsewhere) {
  fetch({{"jq"}, {}});
  packages[0].file = "pool/../../escaped.deb";
  EXPECT_THROW(write_archive(packages, source, 0, {}, directory.path() / "repository"), Error);
  EXPECT_FALSE(fs::exists(directory.path() / "escaped.deb"));
}

TEST_F(ArchiveTest, a_mirror_is_for_one_arch) {
  const MirrorDependency mirror{{"trixie"},
                                {"main"},
                                {"linux-image-cloud-${arch} | linux-image-${arch}"},
                                {"kmod"},
                                "mirror"};
  const Steps steps{runner, log, {}, std::chrono::steady_clock::now() + std::chrono::hours(1)};
  const fs::path target = directory.path() / "context/mirror";
  fs::create_directories(target.parent_path());
  const auto make = [&] {
    make_mirror(mirror, ArchTable::builtin().find("arm64"), source.uri, directory.path() / "debs",
                0, target, steps);
  };
  make();
  EXPECT_THAT(read_file(target / "Release"), HasSubstr("Platform: linux/arm64\nWithout: kmod\n"));
  EXPECT_TRUE(fs::exists(target / "pool/linux-image-arm64_2.0_arm64.deb"));
  try {
    make();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("choose another target"));
  }
}

std::vector<std::string> problems_of(const std::string& text, MirrorDependency* read = nullptr) {
  Diagnostics diagnostics;
  const yaml::Node node = yaml::parse(text, "build.yml", diagnostics);
  const MirrorDependency mirror = read_mirror(node, {{"trixie"}, {"main"}}, diagnostics);
  if (read != nullptr) *read = mirror;
  return diagnostics.messages();
}

TEST(ReadMirror, keys_have_defaults) {
  MirrorDependency mirror;
  EXPECT_THAT(problems_of("packages: [jq, 'a-${arch} | b']\ntarget: mirror\n", &mirror), IsEmpty());
  EXPECT_THAT(mirror.suites, ElementsAre("trixie"));
  EXPECT_THAT(mirror.components, ElementsAre("main"));
  EXPECT_THAT(mirror.packages, ElementsAre("jq", "a-${arch} | b"));
  EXPECT_THAT(
      problems_of(
          "suite: sid | unstable\ncomponents: [main, contrib]\npackages: [jq]\nwithout: [perl]\n"
          "target: m\n",
          &mirror),
      IsEmpty());
  EXPECT_THAT(mirror.suites, ElementsAre("sid", "unstable"));
  EXPECT_THAT(mirror.without, ElementsAre("perl"));
}

TEST(ReadMirror, problems_have_their_places) {
  EXPECT_THAT(problems_of("packages: ['jq=1', '-o=x', 'a |', 'Q']\ntarget: m\n"),
              testing::SizeIs(4));
  EXPECT_THAT(
      problems_of("packages: [jq]\ntarget: a/b\n"),
      ElementsAre(HasSubstr("build.yml:2: depends.mirror: target must be the name of a dir")));
  EXPECT_THAT(problems_of("packages: []\ntarget: m\n"),
              ElementsAre(HasSubstr("packages is empty")));
  EXPECT_THAT(problems_of("target: m\n"), ElementsAre(HasSubstr("packages")));
  EXPECT_THAT(problems_of("packages: [jq]\n"), ElementsAre(HasSubstr("target")));
  EXPECT_THAT(problems_of("packages: [jq]\ntarget: m\nwithuot: [a]\n"),
              ElementsAre(HasSubstr("without")));
  for (const char* suite : {"'a b'", "'a |'", "'|'"})
    EXPECT_THAT(problems_of(std::string("packages: [jq]\ntarget: m\nsuite: ") + suite + "\n"),
                testing::Contains(HasSubstr("is not a name")));
}

}  // namespace
}  // namespace rtfx::pkg
