// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "harness/pkg/build_all.hpp"
#include "harness/pkg/fixture.hpp"

namespace rtfx::pkg {
namespace {

using testing::ElementsAre;

/// The real buildah: the same package from two checkouts under different umasks, at different
/// times.
TEST(Buildah, the_same_package_gives_the_same_bytes) {
  if (::geteuid() != 0 || !process::find_program("buildah"))
    GTEST_SKIP() << "needs root and buildah";
  const ArchTable table = ArchTable::builtin();
  std::vector<std::string> digests;
  for (const mode_t mask : {0022, 0077}) {
    const mode_t before = ::umask(mask);
    const PackageDirectory directory;
    directory.package("app", "image: app\narches: [s390x]\nconfig: {readonly: true}\n");
    directory.write("app/sub/data", "data");
    directory.write("app/Dockerfile", "FROM scratch\nCOPY . /app/\nCMD [\"/app/x\"]\n");
    ::umask(before);
    Diagnostics diagnostics;
    const auto plan = plan_packages({directory / "app"}, {}, {}, diagnostics);
    ASSERT_TRUE(diagnostics.empty());
    oci::Store store(directory / "store");
    const BuildEnvironment environment{.runner = process::system_runner(),
                                       .store = store,
                                       .arches = table,
                                       .scratch = directory / "scratch",
                                       .debian_mirror = {}};
    const Built built = build_package(plan[0], table.find("s390x"), environment, {}, {}, {});
    const oci::ImageConfig config = oci::parse_image_config(
        store.read(oci::parse_manifest(store.read(*built.manifest)).config));
    EXPECT_EQ(config.architecture, "s390x");
    EXPECT_EQ(config.labels.at("org.mobyproject.config"), R"({"readonly":true})");
    EXPECT_THAT(config.cmd, ElementsAre("/app/x"));
    digests.push_back(built.manifest->digest.str());
  }
  EXPECT_EQ(digests[0], digests[1]);
}

/// The real runner, but for a number of builds that fail as on a host that watches its memory.
class BusyRunner final : public process::Runner {
 public:
  explicit BusyRunner(int busy) : busy_(busy) {}
  process::Outcome run(const process::Command& command, const process::Sink& sink,
                       std::stop_token stop) override {
    const auto& words = command.argv;
    if (std::find(words.begin(), words.end(), "bud") == words.end() || busy_-- <= 0)
      return process::system_runner().run(command, sink, stop);
    sink(process::Stream::err, "Close_Fd sealing memfd copy: Device or resource busy\n");
    return {.ending = process::Ending::exited, .exit_code = 1};
  }

 private:
  int busy_;
};

std::string build_while_busy(int times) {
  BusyRunner runner(times);
  const PackageDirectory directory;
  directory.package("app", "image: app\narches: [s390x]\n");
  Diagnostics diagnostics;
  const auto plan = plan_packages({directory / "app"}, {}, {}, diagnostics);
  oci::Store store(directory / "store");
  const ArchTable table = ArchTable::builtin();
  const BuildEnvironment environment{.runner = runner,
                                     .store = store,
                                     .arches = table,
                                     .scratch = directory / "scratch",
                                     .debian_mirror = {}};
  return message_of([&] { build_package(plan[0], table.find("s390x"), environment, {}, {}, {}); });
}

TEST(Buildah, is_started_again_when_its_copy_of_itself_could_not_be_sealed) {
  if (::geteuid() != 0 || !process::find_program("buildah"))
    GTEST_SKIP() << "needs root and buildah";
  EXPECT_EQ(build_while_busy(2), "no error");
  EXPECT_THAT(build_while_busy(3), testing::HasSubstr("sealing memfd copy"));
}

}  // namespace
}  // namespace rtfx::pkg
