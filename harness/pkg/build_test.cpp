// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "harness/pkg/build_all.hpp"
#include "harness/pkg/context.hpp"
#include "harness/pkg/fixture.hpp"
#include "harness/pkg/storage.hpp"
#include "harness/process/fake_runner.hpp"

namespace rtfx::pkg {
namespace {

using process::Command;
using process::FakeResult;
using process::FakeRunner;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

bool has(const Command& command, const std::string& word) {
  return std::find(command.argv.begin(), command.argv.end(), word) != command.argv.end();
}

/// The word after `flag`.
std::string after(const Command& command, const std::string& flag) {
  const auto it = std::find(command.argv.begin(), command.argv.end(), flag);
  return it == command.argv.end() || it + 1 == command.argv.end() ? "" : *(it + 1);
}

std::string descriptor_json(const oci::Descriptor& d) {
  return R"({"mediaType":")" + d.media_type + R"(","digest":")" + d.digest.str() + R"(","size":)" +
         std::to_string(d.size) + "}";
}

/// Leaves what buildah would: a layout with one image of the arch, labels included.
void write_image(const Command& command, const std::string& arch, const std::string& more) {
  oci::Store out(command.cwd / "out");
  std::string labels;
  for (std::size_t i = 0; i + 1 < command.argv.size(); ++i) {
    const std::size_t equals = command.argv[i + 1].find('=');
    if (command.argv[i] == "--label")
      labels += (labels.empty() ? "\"" : ",\"") + command.argv[i + 1].substr(0, equals) + "\":\"" +
                command.argv[i + 1].substr(equals + 1) + "\"";
  }
  const oci::Descriptor layer =
      out.put("layer of " + arch + read_file(fs::path(command.argv.back()) / "Dockerfile"),
              "application/vnd.oci.image.layer.v1.tar");
  const oci::Descriptor config =
      out.put(R"({"author":")" + more + R"(","architecture":")" + arch +
                  R"(","os":"linux","config":{"Labels":{)" + labels + "}}}",
              "application/vnd.oci.image.config.v1+json");
  out.tag("image", out.put(R"({"schemaVersion":2,"config":)" + descriptor_json(config) +
                               R"(,"layers":[)" + descriptor_json(layer) + "]}",
                           oci::media_type_manifest));
}

/// Packages base and app (which needs base), a store, and a buildah that is faked.
class BuildTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "builds need root";
    for (const char* program : {"buildah", "unshare", "mount", "mmdebstrap"}) {
      directory.write(std::string("bin/") + program, "#!/bin/sh\n");
      ::chmod((directory / "bin" / program).c_str(), 0755);
    }
    path_ = environment_of("PATH");
    ::setenv("PATH", (directory / "bin").c_str(), 1);
    directory.package("base", "image: base\narches: [arm64, amd64, s390x]\n");
    directory.package(
        "app",
        "image: app\narches: [amd64, arm64]\nnetwork: true\nbuildArgs: [BASE=@lkt:pkg:../base]\n");
    directory.write("app/Dockerfile",
                    "ARG BASE\nFROM --platform=$BUILDPLATFORM ${BASE} AS build\nRUN make\n"
                    "FROM scratch\nCOPY Dockerfile /\n");
    runner.script = [this](const Command& command) { return play(command); };
    host = host_arch(table);
  }
  void TearDown() override {
    if (!path_.empty()) ::setenv("PATH", path_.c_str(), 1);
  }

  /// The faked buildah: fails for units named in `broken`, otherwise writes an image.
  FakeResult play(const Command& command) {
    if (!has(command, "bud")) return FakeRunner::exit(0);
    const std::string arch = after(command, "--platform").substr(6);
    for (const std::string& label : broken) {
      if (has(command, "PKG_IMAGE=linuxkit/" + label.substr(0, label.find('-'))) &&
          label.ends_with("-" + arch))
        return FakeRunner::exit(7, "starting\n", "it is broken\n");
    }
    bud_dockerfile = read_file(after(command, "--file"));
    if (changing) command_serial += "x";
    write_image(command, wrong_arch.empty() ? arch : wrong_arch, command_serial);
    return FakeRunner::exit(0, "built\n");
  }
  std::vector<UnitResult> build(const std::vector<std::string>& names, BuildRequest request = {},
                                std::stop_token stop = {}) {
    std::vector<fs::path> directories;
    for (const std::string& name : names) directories.push_back(directory / name);
    Diagnostics diagnostics;
    const auto plan = plan_packages(directories, {}, {.arches = {"amd64"}}, diagnostics);
    diagnostics.throw_if_any();
    request.log_directory = directory / "logs";
    return build_all(
        plan, request, environment(),
        [this](const UnitResult& unit) { seen.push_back(unit.ref + " " + unit.arch); },
        std::move(stop));
  }
  BuildEnvironment environment() {
    return {.runner = runner,
            .store = store,
            .arches = table,
            .scratch = directory / "scratch",
            .debian_mirror = "http://archive.example/debian",
            .remote = remote};
  }
  std::vector<Command> buds() const {
    std::vector<Command> found;
    std::copy_if(runner.commands.begin(), runner.commands.end(), std::back_inserter(found),
                 [](const Command& c) { return has(c, "bud"); });
    return found;
  }
  static std::vector<std::string> lines(const std::vector<UnitResult>& units) {
    std::vector<std::string> all;
    for (const UnitResult& unit : units)
      all.push_back(unit.ref + " " + unit.arch + " " + to_string(unit.ending));
    return all;
  }
  static std::string environment_of(const char* name) { return rtfx::environment(name); }

  PackageDirectory directory;
  FakeRunner runner;
  ArchTable table = ArchTable::builtin();
  oci::Store store{directory / "store"};
  std::vector<std::string> seen, broken;
  std::string wrong_arch, host, bud_dockerfile, command_serial;
  std::optional<Remote> remote;
  bool changing = false;

 private:
  std::string path_;
};

TEST_F(BuildTest, all_units_are_built_and_named) {
  const auto units = build({"app", "base"});
  EXPECT_EQ(units.size(), 5U);
  EXPECT_EQ(seen.size(), 5U);
  for (const UnitResult& unit : units) {
    EXPECT_EQ(unit.ending, UnitEnding::built) << unit.error;
    EXPECT_EQ(store.resolve(arch_ref(unit.ref, unit.arch))->digest, unit.manifest->digest);
    EXPECT_EQ(store.for_arch(*store.resolve(unit.ref), unit.arch)->digest, unit.manifest->digest);
    EXPECT_EQ(read_file(unit.log), "built\n");
  }
  EXPECT_EQ(oci::parse_index(store.read(*store.resolve("linuxkit/base:latest"))).manifests.size(),
            3U);
}

TEST_F(BuildTest, needed_packages_are_built_for_the_host_only_and_first) {
  const auto units = build({"app"}, {.arches = {"arm64"}});
  EXPECT_THAT(lines(units), ElementsAre("linuxkit/base:latest " + host + " built",
                                        "linuxkit/app:latest arm64 built"));
  EXPECT_FALSE(units[0].requested);
  EXPECT_TRUE(units[1].requested);
  EXPECT_THAT(seen, ElementsAre("linuxkit/base:latest " + host, "linuxkit/app:latest arm64"));
}

TEST_F(BuildTest, a_package_is_built_for_each_platform_that_a_dockerfile_names_it_for) {
  directory.write(
      "app/Dockerfile",
      "ARG BASE\nFROM ${BASE} AS files\nFROM --platform=$BUILDPLATFORM ${BASE} AS build\n"
      "FROM scratch\nCOPY --from=files / /\n");
  const auto units = build({"app"}, {.arches = {"arm64"}});
  EXPECT_THAT(lines(units), testing::UnorderedElementsAre("linuxkit/base:latest arm64 built",
                                                          "linuxkit/base:latest " + host + " built",
                                                          "linuxkit/app:latest arm64 built"));
  EXPECT_EQ(units.back().ref, "linuxkit/app:latest");
  // The builder gets the two images under two names.
  EXPECT_THAT(
      bud_dockerfile,
      HasSubstr("FROM localhost/linuxkit/base:latest-arm64-" +
                store.resolve("linuxkit/base:latest-arm64")->digest.hex().substr(0, 12) +
                " AS files\nFROM --platform=$BUILDPLATFORM localhost/linuxkit/base:latest-" +
                host));
}

TEST_F(BuildTest, a_sibling_that_only_from_names_comes_first) {
  directory.write("app/build.yml", "image: app\narches: [arm64]\n");
  directory.write("app/Dockerfile", "FROM docker.io/linuxkit/base:latest\nCOPY Dockerfile /\n");
  EXPECT_THAT(lines(build({"app", "base"}, {.arches = {"arm64"}})),
              ElementsAre("linuxkit/base:latest arm64 built", "linuxkit/app:latest arm64 built"));
  directory.write("base/Dockerfile", "FROM linuxkit/app:latest\n");
  EXPECT_THAT(
      [&] {
        build({"app", "base"}, {.arches = {"arm64"}});
      },
      testing::ThrowsMessage<Error>(HasSubstr("needs itself")));
}

TEST_F(BuildTest, an_image_that_is_nowhere_is_told) {
  directory.write("base/Dockerfile", "FROM nosuch:1\n");
  const auto units = build({"base"}, {.arches = {"arm64"}});
  EXPECT_THAT(units[0].error, HasSubstr("FROM nosuch:1 for arm64: the store does not have"));
  EXPECT_TRUE(runner.commands.empty());
}

TEST_F(BuildTest, what_the_registry_has_is_not_built) {
  const oci::Descriptor there = store.put("{}", oci::media_type_manifest);
  remote = Remote{[&](const std::string&, const std::string&) { return there; }};
  EXPECT_THAT(lines(build({"base"}, {.arches = {"arm64"}})),
              ElementsAre("linuxkit/base:latest arm64 in registry"));
  EXPECT_TRUE(store.names().empty());
  EXPECT_THAT(lines(build({"base"}, {.arches = {"arm64"}, .options = {.force = true}})),
              ElementsAre("linuxkit/base:latest arm64 built"));
}

TEST_F(BuildTest, a_registry_that_cannot_be_asked_is_an_error) {
  const auto refuse = [](const std::string&, const std::string&) -> std::optional<oci::Descriptor> {
    throw Error("registry.example: connection refused", ExitCode::host);
  };
  remote = Remote{refuse, refuse, refuse};
  for (const bool pull : {false, true}) {
    const auto units = build({"base"}, {.arches = {"arm64"}, .options = {.pull = pull}});
    EXPECT_EQ(units[0].ending, UnitEnding::failed);
    EXPECT_EQ(units[0].code, ExitCode::host);
  }
  EXPECT_TRUE(runner.commands.empty());
}

TEST_F(BuildTest, pulling_takes_the_image_into_the_store) {
  build({"base"}, {.arches = {"arm64"}});
  const oci::Descriptor image = *store.resolve("linuxkit/base:latest-arm64");
  store.untag("linuxkit/base:latest-arm64");
  runner.commands.clear();
  int pulls = 0;
  remote = Remote{[&](const std::string&, const std::string&) { return std::optional(image); },
                  [&](const std::string& ref, const std::string& arch) {
                    ++pulls;
                    store.tag(arch_ref(ref, arch), image);
                    return std::optional(image);
                  },
                  {}};
  EXPECT_THAT(lines(build({"base"}, {.arches = {"arm64"}, .options = {.pull = true}})),
              ElementsAre("linuxkit/base:latest arm64 pulled"));
  EXPECT_TRUE(runner.commands.empty());
  EXPECT_EQ(pulls, 1);
}

TEST_F(BuildTest, a_base_that_is_only_in_the_registry_is_pulled) {
  build({"base"}, {.arches = {host}});
  const oci::Descriptor image = *store.resolve("linuxkit/base:latest-" + host);
  store.untag("linuxkit/base:latest-" + host);
  store.untag("linuxkit/base:latest");
  remote = Remote{[&](const std::string& ref, const std::string&) {
                    return ref == "linuxkit/base:latest" ? std::optional(image) : std::nullopt;
                  },
                  {},
                  [&](const std::string&, const std::string&) { return std::optional(image); }};
  EXPECT_THAT(lines(build({"app"}, {.arches = {"arm64"}})),
              ElementsAre("linuxkit/base:latest " + host + " in registry",
                          "linuxkit/app:latest arm64 built"));
}

TEST_F(BuildTest, a_dry_run_does_nothing) {
  const auto units = build({"app"}, {.arches = {"arm64"}, .options = {.dry_run = true}});
  for (const UnitResult& unit : units) EXPECT_EQ(unit.ending, UnitEnding::would_build);
  EXPECT_EQ(units.back().kind, BuildKind::cross);
  EXPECT_TRUE(runner.commands.empty());
  EXPECT_TRUE(store.names().empty());
}

TEST_F(BuildTest, two_builds_with_other_bytes_are_not_reproducible) {
  const BuildRequest request{.arches = {"arm64"}, .options = {.check_reproducible = true}};
  EXPECT_TRUE(build({"base"}, request)[0].ok());
  EXPECT_EQ(buds().size(), 2U);
  changing = true;
  const auto units = build({"base"}, request);
  EXPECT_EQ(units[0].ending, UnitEnding::failed);
  EXPECT_THAT(units[0].error, testing::AllOf(HasSubstr("not reproducible"), HasSubstr("author")));
}

TEST_F(BuildTest, what_is_built_is_not_built_again) {
  build({"app", "base"});
  runner.commands.clear();
  const auto units = build({"app", "base"});
  EXPECT_TRUE(runner.commands.empty());
  for (const UnitResult& unit : units) EXPECT_EQ(unit.ending, UnitEnding::cached);
  EXPECT_EQ(build({"base"}, {.options = {.force = true}}).front().ending, UnitEnding::built);
  EXPECT_THAT(
      lines(build({"app"}, {.arches = {"arm64"}, .options = {.force = true}})),
      ElementsAre("linuxkit/base:latest " + host + " cached", "linuxkit/app:latest arm64 built"));
}

TEST_F(BuildTest, a_damaged_result_is_built_again) {
  const auto units = build({"base"}, {.arches = {"arm64"}});
  const oci::Descriptor layer = oci::parse_manifest(store.read(*units[0].manifest)).layers[0];
  fs::remove(store.directory() / "blobs/sha256" / layer.digest.hex());
  EXPECT_EQ(build({"base"}, {.arches = {"arm64"}})[0].ending, UnitEnding::built);
}

TEST_F(BuildTest, another_base_means_another_build) {
  build({"app"});
  directory.write("base/build.yml", "image: base\ntag: second\narches: [arm64, amd64, s390x]\n");
  for (const UnitResult& unit : build({"app"}))
    EXPECT_EQ(unit.ending, UnitEnding::built) << unit.ref << unit.arch;
}

TEST_F(BuildTest, a_failure_blocks_only_what_needs_it) {
  broken = {"base-" + host};
  const auto units = build({"base", "app"});
  for (const UnitResult& unit : units) {
    const bool is_base = unit.ref == "linuxkit/base:latest";
    EXPECT_EQ(unit.ending, !is_base            ? UnitEnding::blocked
                           : unit.arch == host ? UnitEnding::failed
                                               : UnitEnding::built)
        << unit.ref << unit.arch;
  }
  EXPECT_EQ(units[0].error,
            "linuxkit/base:latest for " + host + ": buildah: exit 7\nstarting\nit is broken");
  EXPECT_EQ(units[0].code, ExitCode::failed);
  EXPECT_EQ(read_file(units[0].log), "starting\nit is broken\n");
  EXPECT_EQ(store.resolve(arch_ref("linuxkit/base:latest", host)), std::nullopt);
  EXPECT_THAT(units.back().error, HasSubstr("needs linuxkit/base:latest"));
}

TEST_F(BuildTest, an_image_of_another_arch_is_refused) {
  wrong_arch = "s390x";
  const auto units = build({"base"}, {.arches = {"arm64"}});
  EXPECT_THAT(units[0].error, HasSubstr("the built image is for s390x"));
  EXPECT_TRUE(store.names().empty());
}

TEST_F(BuildTest, only_packages_that_ask_for_it_have_network) {
  build({"app", "base"});
  for (const Command& command : buds()) {
    EXPECT_EQ(has(command, "--net"), has(command, "PKG_IMAGE=linuxkit/base"));
    EXPECT_TRUE(has(command, "--pull-never"));
    EXPECT_TRUE(has(command, "BUILDPLATFORM=linux/" + host));
    EXPECT_EQ(has(command, "DEBIAN_MIRROR=http://archive.example/debian"), !has(command, "--net"));
    EXPECT_GT(command.timeout.count(), 0);
  }
  EXPECT_EQ(buds().size(), 5U);
}

TEST_F(BuildTest, nothing_is_left_in_the_scratch_directory) {
  build({"app", "base"});
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(directory / "scratch"))
    left.push_back(entry.path().filename().string());
  EXPECT_THAT(left, testing::UnorderedElementsAre("images", "images.lock", "locks"));
}

TEST_F(BuildTest, a_request_to_stop_cancels_what_is_left) {
  std::stop_source source;
  source.request_stop();
  for (const UnitResult& unit : build({"app"}, {}, source.get_token()))
    EXPECT_EQ(unit.ending, UnitEnding::cancelled);
}

TEST_F(BuildTest, a_missing_tool_is_the_hosts_fault) {
  fs::remove(directory / "bin/buildah");
  const auto units = build({"base"}, {.arches = {"amd64"}});
  EXPECT_EQ(units[0].code, ExitCode::host);
  EXPECT_THAT(units[0].error, HasSubstr("buildah"));
}

TEST_F(BuildTest, unknown_arches_and_a_base_without_the_hosts_arch_are_told_before_anything_runs) {
  directory.package("odd", "image: odd\narches: [arm46]\n");
  EXPECT_THROW(build({"odd"}), Error);
  directory.write("base/build.yml", "image: base\narches: []\n");
  EXPECT_THROW(build({"app"}), Error);
  EXPECT_TRUE(runner.commands.empty());
}

TEST_F(BuildTest, skipped_arches_are_not_built) {
  EXPECT_EQ(build({"base"}, {.skip_arches = {"amd64", "s390x"}}).size(), 1U);
}

TEST_F(BuildTest, a_root_filesystem_is_made_by_mmdebstrap) {
  directory.write("root/customize", "");
  directory.package(
      "root",
      "image: root\narches: [riscv64]\ndepends:\n  rootfs:\n    suite: trixie\n    "
      "variant: minbase\n    include: [a, b]\n    customize: customize\n    target: rootfs.tar\n");
  const auto units = build({"root"});
  EXPECT_TRUE(units[0].ok()) << units[0].error;
  const auto found = std::find_if(runner.commands.begin(), runner.commands.end(),
                                  [](const Command& c) { return c.argv[0] == "mmdebstrap"; });
  ASSERT_NE(found, runner.commands.end());
  EXPECT_THAT(found->argv, Contains("--arch=riscv64"));
  EXPECT_THAT(found->argv, Contains("--include=a,b"));
  EXPECT_THAT(found->argv, Contains("--customize-hook=sh '" +
                                    (directory / "root/customize").string() + "' \"$1\""));
  EXPECT_EQ(found->argv.back(), "deb http://archive.example/debian trixie main");
  EXPECT_THAT(found->argv[found->argv.size() - 2], HasSubstr("/context/rootfs.tar"));
  EXPECT_EQ(found->env.at("SOURCE_DATE_EPOCH"), "0");
  EXPECT_FALSE(fs::exists(directory / "root/rootfs.tar"));
}

}  // namespace
}  // namespace rtfx::pkg
