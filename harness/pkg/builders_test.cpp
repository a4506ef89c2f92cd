// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/builders.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/pkg/docker_client.hpp"
#include "harness/pkg/fixture.hpp"
#include "harness/process/fake_runner.hpp"

namespace rtfx::pkg {
namespace {

using process::Command;
using process::FakeResult;
using process::FakeRunner;
using testing::ElementsAre;
using testing::HasSubstr;

std::map<std::string, std::string> chosen(const BuilderChoice& choice) {
  std::map<std::string, std::string> result;
  for (const auto& [arch, entry] : choice.by_arch)
    result[arch] = entry.builder + " " + entry.source;
  return result;
}

class Default final : public Builder {
 public:
  std::string name() const override { return "default"; }
  std::string arch() const override { return "amd64"; }
  oci::Descriptor build(const BuildJob&, oci::Store&, const Steps&) override {
    throw Error("not in this test");
  }
};

class BuildersTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = environment("PATH");
    fs::create_directories(directory.path() / "bin");
    ::setenv("PATH", (directory.path() / "bin").c_str(), 1);
    write_file_atomically(directory.path() / "bin/docker", "#!/bin/sh\n", 0755);
    ::unsetenv("RTFX_BUILDERS");
    ::unsetenv("LINUXKIT_BUILDERS");
    runner.script = [this](const Command& command) { return play(command); };
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    ::unsetenv("RTFX_BUILDERS");
    ::unsetenv("LINUXKIT_BUILDERS");
  }

  FakeResult play(const Command& command) {
    if (command.argv[1] == "context") return FakeRunner::exit(0, contexts);
    const std::string context = command.argv.at(2);
    if (command.argv.at(3) == "buildx") return FakeRunner::exit(plugin ? 0 : 1);
    if (context == "dead") {
      return FakeRunner::exit(
          1, R"({"Client":{"Version":"20.10.24"},"Server":null})",
          "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n");
    }
    return FakeRunner::exit(0, R"({"Client":{"Version":")" + client + R"("},"Server":{"Os":")" +
                                   os + R"(","Arch":"arm64"}})");
  }
  Builders builders(const std::string& flag) {
    return {BuilderChoice::from(flag, table), runner, table, directory.path() / "scratch", [this] {
              ++defaults;
              return std::make_unique<Default>();
            }};
  }
  /// Commands whose arguments have the word.
  long count(const std::string& word) const {
    return std::count_if(
        runner.commands.begin(), runner.commands.end(), [&](const Command& command) {
          return std::find(command.argv.begin(), command.argv.end(), word) != command.argv.end();
        });
  }

  TemporaryDirectory directory{"builders-test"};
  ArchTable table = ArchTable::builtin();
  FakeRunner runner;
  std::string contexts = "default *\narm-host\nlinuxkit-linux-s390x\ndead\n", client = "20.10.24",
              os = "linux";
  bool plugin = false;
  int defaults = 0;

 private:
  std::string path_;
};

TEST_F(BuildersTest, TheFlagGoesBeforeTheEnvironmentPlatformByPlatform) {
  ::setenv("LINUXKIT_BUILDERS", "linux/arm64=l1,linux/s390x=l2,linux/riscv64=l3", 1);
  ::setenv("RTFX_BUILDERS", "linux/arm64=r1, linux/s390x=r2", 1);
  EXPECT_THAT(chosen(BuilderChoice::from("linux/arm64=f1", table)),
              ElementsAre(testing::Pair("arm64", "f1 --builders"),
                          testing::Pair("riscv64", "l3 LINUXKIT_BUILDERS"),
                          testing::Pair("s390x", "r2 RTFX_BUILDERS")));
  EXPECT_EQ(chosen(BuilderChoice::from("linux/amd64=a=b", table))["amd64"], "a=b --builders");
}

TEST_F(BuildersTest, BadSyntaxIsAnError) {
  const auto parse = [&](const std::string& list) {
    return message_of([&] { BuilderChoice::parse(list, "--builders", table); });
  };
  EXPECT_EQ(parse(""), "no error");
  const std::string form = "\" is not of the form linux/ARCH=CONTEXT or linux/ARCH=buildah";
  EXPECT_EQ(parse("arm64=x"), "2 --builders: \"arm64=x" + form);
  EXPECT_EQ(parse("linux/arm64"), "2 --builders: \"linux/arm64" + form);
  EXPECT_EQ(parse("linux/arm64="), "2 --builders: \"linux/arm64=" + form);
  EXPECT_EQ(parse("linux/arm64=x,"), "2 --builders: \"" + form);
  EXPECT_EQ(parse("=x"), "2 --builders: \"=x" + form);
  EXPECT_EQ(parse("linux/arm64=x,linux/arm64=y"), "2 --builders: linux/arm64 is there twice");
  EXPECT_THAT(parse("linux/arm46=x"),
              testing::AllOf(HasSubstr("2 --builders: "), HasSubstr("did you mean \"arm64\"")));
}

TEST_F(BuildersTest, AContextWithTheRightNameIsUsedWithoutBeingChosen) {
  Builders all = builders("linux/arm64=arm-host");
  EXPECT_EQ(all.context_for("arm64"), "arm-host");
  EXPECT_EQ(all.context_for("s390x"), "linuxkit-linux-s390x");
  EXPECT_EQ(all.context_for("amd64"), std::nullopt);
  EXPECT_EQ(count("ls"), 1);
  EXPECT_EQ(builders("linux/s390x=buildah").context_for("s390x"), std::nullopt);
  EXPECT_EQ(builders("linux/s390x=default").context_for("s390x"), "default");
}

TEST_F(BuildersTest, ArchesWithOneBuilderShareIt) {
  Builders all = builders("linux/arm64=arm-host,linux/riscv64=arm-host");
  Builder& arm64 = all.for_arch("arm64");
  EXPECT_EQ(&arm64, &all.for_arch("riscv64"));
  EXPECT_EQ(arm64.name(), "docker context arm-host");
  EXPECT_EQ(arm64.arch(), "arm64");
  EXPECT_EQ(&all.for_arch("amd64"), &all.for_arch("amd64"));
  EXPECT_EQ(defaults, 1);
  EXPECT_EQ(count("version"), 1);
}

TEST_F(BuildersTest, AMissingContextIsAnErrorThatListsTheOthers) {
  Builders all = builders("linux/arm64=arm-hots");
  EXPECT_EQ(message_of([&] { all.for_arch("arm64"); }),
            "2 --builders: there is no docker context \"arm-hots\" for linux/arm64; did you mean "
            "\"arm-host\"? "
            "(there are: default, arm-host, linuxkit-linux-s390x, dead; \"buildah\" builds without "
            "docker)");
}

TEST_F(BuildersTest, ADaemonThatCannotBeReachedIsAskedOnce) {
  Builders all = builders("linux/arm64=dead");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(message_of([&] { all.for_arch("arm64"); }),
              "3 docker context dead: Cannot connect to the Docker daemon at unix:///x. Is the "
              "docker daemon running?");
  }
  EXPECT_EQ(count("dead"), 1);
}

TEST_F(BuildersTest, ADaemonThatDoesNotAnswerIsGivenUp) {
  runner.script = [this](const Command& command) {
    if (command.argv[1] == "context") return play(command);
    return FakeResult{{.ending = process::Ending::timed_out, .elapsed = command.timeout}, "", ""};
  };
  EXPECT_EQ(message_of([&] { builders("linux/arm64=arm-host").for_arch("arm64"); }),
            "3 docker context arm-host: its daemon does not answer: timed out after 30 s");
}

TEST_F(BuildersTest, WithoutAClientOnlyTheDefaultIsThere) {
  fs::remove(directory.path() / "bin/docker");
  EXPECT_EQ(builders("").for_arch("s390x").name(), "default");
  EXPECT_THAT(message_of([&] { builders("linux/arm64=arm-host").for_arch("arm64"); }),
              HasSubstr("3 docker is not installed"));
  EXPECT_TRUE(runner.commands.empty());
}

TEST_F(BuildersTest, AClientThatFailsIsAnError) {
  runner.script = [](const Command&) { return FakeRunner::exit(1, "", "open config.json: bad\n"); };
  EXPECT_EQ(message_of([&] { docker_contexts(runner); }),
            "3 docker context ls: open config.json: bad");
}

TEST_F(BuildersTest, ANewClientNeedsItsPlugin) {
  client = "28.2.2";
  EXPECT_THAT(message_of([&] { builders("linux/arm64=arm-host").for_arch("arm64"); }),
              testing::AllOf(HasSubstr("3 docker context arm-host: the docker client "),
                             HasSubstr("(28.2.2) cannot build, its buildx plugin is missing")));
  plugin = true;
  EXPECT_EQ(builders("linux/arm64=arm-host").for_arch("arm64").arch(), "arm64");
}

TEST_F(BuildersTest, ADaemonMustBuildForLinux) {
  os = "windows";
  EXPECT_EQ(message_of([&] { builders("linux/arm64=arm-host").for_arch("arm64"); }),
            "3 docker context arm-host: its daemon builds for windows, not for linux");
}

}  // namespace
}  // namespace rtfx::pkg
