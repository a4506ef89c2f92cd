// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/docker_builder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/oci/archive.hpp"
#include "harness/oci/fixture.hpp"
#include "harness/pkg/fixture.hpp"
#include "harness/process/fake_runner.hpp"

namespace rtfx::pkg {
namespace {

using oci::fixture::put_image;
using oci::fixture::tar_of;
using process::Command;
using process::FakeResult;
using process::FakeRunner;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// The word after `flag`.
std::string after(const Command& command, const std::string& flag) {
  const auto it = std::find(command.argv.begin(), command.argv.end(), flag);
  return it == command.argv.end() || it + 1 == command.argv.end() ? "" : *(it + 1);
}

/// A daemon that answers like a real one as far as its client's output goes.
class DockerBuilderTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = environment("PATH");
    fs::create_directories(directory.path() / "bin");
    fs::create_directories(directory.path() / "context");
    ::setenv("PATH", (directory.path() / "bin").c_str(), 1);
    write_file_atomically(directory.path() / "bin/docker", "#!/bin/sh\n", 0755);
    write_file_atomically(directory.path() / "Dockerfile",
                          "# syntax=a/b\nFROM scratch\nCOPY a /\n");
    runner.script = [this](const Command& command) { return play(command); };
    job.ref = "org/x:1";
    job.arch = table.find("arm64");
    job.context = directory.path() / "context";
    job.dockerfile = directory.path() / "Dockerfile";
    job.timestamp = 1700000000;
  }
  void TearDown() override { ::setenv("PATH", path_.c_str(), 1); }

  FakeResult play(const Command& command) {
    const std::string& verb = command.argv.at(3);
    if (verb == "version") {
      if (!alive) return FakeRunner::exit(1, R"({"Server":null})", "Cannot connect\n");
      return FakeRunner::exit(
          0, R"({"Client":{"Version":"20.10"},"Server":{"Os":"linux","Arch":"amd64"}})");
    }
    if (verb == "build") return build ? build(command) : FakeRunner::exit(0, "#1 building\n");
    if (verb == "save") return FakeRunner::exit(0, save());
    if (verb == "load") {
      oci::Store daemon(directory.path() / "daemon");
      loaded = oci::import_path(daemon, after(command, "--input")).at(0).name;
      return FakeRunner::exit(0);
    }
    if (verb == "image" && command.argv.at(4) == "inspect") {
      const auto found = ids.find(command.argv.back());
      return found == ids.end() ? FakeRunner::exit(1, "\n", "No such image")
                                : FakeRunner::exit(0, found->second + "\n");
    }
    if (verb == "image" && command.argv.at(4) == "rm") return FakeRunner::exit(alive ? 0 : 1);
    return FakeRunner::exit(64, "", "unexpected " + verb);
  }
  /// What docker save prints: an image whose times and owners are those of its daemon.
  std::string save() {
    oci::Store daemon(directory.path() / "daemon");
    const oci::Descriptor image = put_image(
        daemon, built_arch,
        layers.empty() ? std::vector{tar_of({{.path = "a", .content = "b", .mtime = ++now}})}
                       : layers,
        {{"created", std::to_string(++now)}, {"container", std::to_string(now)}});
    const fs::path file = directory.path() / "saved.tar";
    oci::export_docker_archive(daemon, image, "localhost/rtfx-build:1", file);
    return read_file(file);
  }

  oci::Descriptor run() {
    DockerBuilder builder("ctx", runner, table, directory.path() / "scratch");
    return builder.build(job, store, {runner, log, stop.get_token(), deadline});
  }
  std::vector<Command> commands_of(const std::string& verb, const std::string& second = "") const {
    std::vector<Command> found;
    for (const Command& command : runner.commands)
      if (command.argv.at(3) == verb && (second.empty() || command.argv.at(4) == second))
        found.push_back(command);
    return found;
  }

  TemporaryDirectory directory{"docker-builder-test"};
  oci::Store store{directory.path() / "store"};
  ArchTable table = ArchTable::builtin();
  FakeRunner runner;
  BuildJob job;
  Log log = [this](std::string_view bytes) { logged += bytes; };
  std::string logged, loaded, built_arch = "arm64";
  std::stop_source stop;
  std::chrono::steady_clock::time_point deadline =
      std::chrono::steady_clock::now() + std::chrono::minutes(1);
  std::map<std::string, std::string> ids;  ///< what the daemon has
  std::vector<std::string> layers;
  std::function<FakeResult(const Command&)> build;
  bool alive = true;
  std::int64_t now = 1800000000;

 private:
  std::string path_;
};

TEST_F(DockerBuilderTest, TheDaemonIsToldEverythingOfTheJob) {
  job.build_args = {"A=1", "TARGETARCH=arm64"};
  job.labels = {{"k", "v=w"}};
  job.proxies = {{"http_proxy", "http://user:secret@proxy"}};
  job.ssh = {"default"};
  run();
  ASSERT_EQ(commands_of("build").size(), 1U);
  const Command command = commands_of("build")[0];
  EXPECT_EQ(after(command, "--context"), "ctx");
  EXPECT_EQ(after(command, "--network"), "none");
  EXPECT_EQ(after(command, "--platform"), "linux/arm64");
  EXPECT_EQ(after(command, "--label"), "k=v=w");
  EXPECT_EQ(after(command, "--ssh"), "default");
  EXPECT_EQ(after(command, "--file"), "-");
  EXPECT_THAT(after(command, "--tag"), StartsWith("localhost/rtfx-build:"));
  EXPECT_THAT(command.argv, AllOf(Contains("--no-cache"), Contains("A=1"), Contains("http_proxy"),
                                  Not(Contains(HasSubstr("secret")))));
  EXPECT_EQ(command.argv.back(), job.context);
  EXPECT_EQ(command.stdin_text, "# rtfx=none\nFROM scratch\nCOPY a /\n");
  EXPECT_EQ(command.env.at("DOCKER_BUILDKIT"), "1");
  EXPECT_EQ(command.env.at("BUILDX_BUILDER"), "ctx");
  EXPECT_EQ(command.env.at("http_proxy"), "http://user:secret@proxy");
  EXPECT_EQ(logged, "#1 building\n");
}

TEST_F(DockerBuilderTest, NetworkAndCacheAreAsked) {
  job.network = true;
  job.use_cache = true;
  run();
  EXPECT_EQ(after(commands_of("build")[0], "--network"), "host");
  EXPECT_THAT(commands_of("build")[0].argv, Not(Contains("--no-cache")));
}

TEST_F(DockerBuilderTest, TwoBuildsGiveOneDigestAndLeaveNothing) {
  const oci::Descriptor first = run();
  const auto blobs = [&] {
    return std::distance(fs::directory_iterator(store.directory() / "blobs/sha256"),
                         fs::directory_iterator());
  };
  const auto count = blobs();
  const oci::Descriptor second = run();
  EXPECT_EQ(first.digest, second.digest);
  EXPECT_EQ(first.platform, (oci::Platform{"linux", "arm64", ""}));
  EXPECT_EQ(count, 3);
  EXPECT_EQ(blobs(), count);
  EXPECT_TRUE(store.names().empty());
  EXPECT_TRUE(fs::is_empty(directory.path() / "scratch"));
  const std::string tag = after(commands_of("build")[0], "--tag");
  EXPECT_EQ(commands_of("image", "rm")[0].argv.back(), tag);
  EXPECT_NE(after(commands_of("build")[1], "--tag"), tag);
}

TEST_F(DockerBuilderTest, ImagesAreLoadedOnceAndTheirLayersStay) {
  const std::string base_layer = tar_of({{.path = "base", .content = "x"}});
  const oci::Descriptor base = put_image(store, "amd64", {base_layer});
  job.images = {{"localhost/org/base:1", base}};
  layers = {base_layer, tar_of({{.path = "a", .content = "b"}})};
  const oci::Descriptor image = run();
  EXPECT_EQ(commands_of("load").size(), 1U);
  EXPECT_EQ(loaded, "localhost/org/base:1");
  EXPECT_EQ(oci::parse_manifest(store.read(image)).layers.at(0).digest, Digest::of(base_layer));

  ids["localhost/org/base:1"] = oci::parse_manifest(store.read(base)).config.digest.str();
  run();
  EXPECT_EQ(commands_of("load").size(), 1U);
  ids["localhost/org/base:1"] = Digest::of("another").str();
  run();
  EXPECT_EQ(commands_of("load").size(), 2U);
}

TEST_F(DockerBuilderTest, AFailedBuildShowsItsLastLinesAndLeavesNoTag) {
  build = [](const Command&) {
    return FakeRunner::exit(1, "#5 0.1 no such thing\n", "exit code: 3\n");
  };
  EXPECT_EQ(message_of([&] { run(); }),
            "1 docker context ctx: docker build: exit 1\n#5 0.1 no such thing\nexit code: 3");
  EXPECT_EQ(commands_of("image", "rm").size(), 1U);
  EXPECT_TRUE(commands_of("save").empty());
}

TEST_F(DockerBuilderTest, ADaemonThatGoesAwayIsOneLine) {
  build = [&](const Command&) {
    alive = false;
    return FakeRunner::exit(1, "#5 0.1 something\n", "error reading from server: EOF\n");
  };
  EXPECT_EQ(message_of([&] { run(); }),
            "3 docker context ctx: the daemon went away during the build: Cannot connect");
}

TEST_F(DockerBuilderTest, AMissingEmulatorIsExplained) {
  build = [](const Command&) { return FakeRunner::exit(1, "exec /bin/sh: exec format error\n"); };
  EXPECT_THAT(message_of([&] { run(); }),
              AllOf(StartsWith("3 "),
                    HasSubstr("the host of docker context ctx is amd64 and has no emulator")));
}

TEST_F(DockerBuilderTest, AnImageOfAnotherArchIsAnError) {
  built_arch = "amd64";
  EXPECT_THAT(message_of([&] { run(); }),
              HasSubstr("the built image is not for arm64; the last FROM"));
}

TEST_F(DockerBuilderTest, WhatBuildKitWouldFetchIsRefused) {
  write_file_atomically(job.dockerfile, "FROM scratch\nADD https://example.org/a /\n");
  EXPECT_THAT(message_of([&] { run(); }),
              StartsWith("2 Dockerfile:2: ADD https://example.org/a needs the network"));
  EXPECT_TRUE(commands_of("build").empty());
  job.network = true;
  EXPECT_EQ(message_of([&] { run(); }), "no error");
  job.build_args = {"BUILDKIT_SYNTAX=a/b"};
  EXPECT_THAT(message_of([&] { run(); }), HasSubstr("BUILDKIT_SYNTAX"));
}

TEST_F(DockerBuilderTest, ADamagedArchiveIsAnError) {
  runner.script = [&](const Command& command) {
    FakeResult result = play(command);
    if (command.argv.at(3) == "save") result.out.resize(result.out.size() / 2);
    return result;
  };
  EXPECT_THAT(message_of([&] { run(); }), HasSubstr("docker save"));
  EXPECT_TRUE(store.names().empty());
  EXPECT_EQ(commands_of("image", "rm").size(), 1U);
}

TEST_F(DockerBuilderTest, CancellingEndsItAndRemovesTheTag) {
  build = [&](const Command&) {
    stop.request_stop();
    return FakeResult{{.ending = process::Ending::cancelled}, "", ""};
  };
  EXPECT_EQ(message_of([&] { run(); }), "130 docker context ctx: cancelled");
  EXPECT_EQ(commands_of("image", "rm").size(), 1U);
}

TEST_F(DockerBuilderTest, AnImageIsLoadedUnderItsName) {
  const oci::Descriptor image = put_image(store, "amd64", {tar_of({{.path = "a", .content = ""}})});
  load_into_docker("ctx", store, image, "linuxkit/x:1", {runner, log, {}, deadline});
  EXPECT_EQ(loaded, "linuxkit/x:1");
  EXPECT_EQ(after(commands_of("load")[0], "--context"), "ctx");
}

}  // namespace
}  // namespace rtfx::pkg
