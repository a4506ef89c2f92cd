// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/plan.hpp"

#include <gmock/gmock.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/pkg/fixture.hpp"

namespace rtfx::kernel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class KernelPlan : public testing::Test {
 protected:
  KernelPlan() {
    folder_.write("kernel/6.12/kernel.yml",
                  "version: \"6.12\"\nsource: {debian: linux-source-6.12, suite: trixie}\n"
                  "config: ../config\nflavours: {qemu: {}, tiny: {arches: [amd64]}}\n");
    for (const char* name : {"base", "amd64", "arm64", "qemu", "tiny"})
      folder_.write(std::string("kernel/config/") + name + ".config", "CONFIG_A=y\n");
    folder_.commit();
    settings_.org = "demo";
    settings_.arches = {"amd64", "arm64"};
  }
  std::vector<pkg::PlannedPackage> plan(const std::vector<std::string>& flavours = {}) {
    diagnostics_ = {};
    const auto series = std::make_shared<const Series>(
        load_series(folder_ / "kernel/6.12", settings_.org, settings_.arches, diagnostics_));
    return plan_series(series, flavours, settings_, diagnostics_);
  }
  std::string hash() { return folder_.git({"rev-parse", "HEAD:kernel/6.12"}); }

  pkg::PackageDirectory folder_;
  pkg::PackageSettings settings_;
  Diagnostics diagnostics_;
};

TEST_F(KernelPlan, has_three_images_a_flavour_and_names_all_but_the_first) {
  const auto planned = plan();
  std::vector<std::string> names;
  for (const auto& one : planned) names.push_back(one.ref.substr(0, one.ref.rfind('-')));
  EXPECT_THAT(names, ElementsAre("demo/kernel:6.12", "demo/kernel-bin:6.12",
                                 "demo/kernel-modules:6.12", "demo/kernel:6.12-tiny",
                                 "demo/kernel-bin:6.12-tiny", "demo/kernel-modules:6.12-tiny"));
  EXPECT_THAT(planned[3].package.arches, ElementsAre("amd64"));
  EXPECT_TRUE(planned[0].maker != nullptr);
  EXPECT_TRUE(diagnostics_.empty());
}

TEST_F(KernelPlan, has_tags_that_change_with_the_series_and_with_the_fragments) {
  const std::string before = plan().front().ref;
  EXPECT_EQ(before, plan().front().ref);
  folder_.write("kernel/config/base.config", "CONFIG_A=m\n");
  const std::string dirty = plan().front().ref;
  EXPECT_NE(before, dirty);
  folder_.commit();
  const std::string after = plan().front().ref;
  EXPECT_NE(before, after);
  folder_.write("README", "elsewhere");
  folder_.commit();
  EXPECT_EQ(after, plan().front().ref);
}

TEST_F(KernelPlan, tells_of_fragments_that_are_missing) {
  fs::remove(folder_ / "kernel/config/tiny.config");
  fs::remove(folder_ / "kernel/config/arm64.config");
  plan();
  const std::string problems = text::join(diagnostics_.messages(), "\n");
  EXPECT_THAT(problems, HasSubstr("flavour qemu for arm64 needs arm64.config, which is not in "));
  EXPECT_THAT(problems, HasSubstr("flavour tiny for amd64 needs tiny.config"));
}

TEST_F(KernelPlan, names_images_for_yamls_with_and_without_a_flavour) {
  ImageNames names(settings_);
  const auto planned = plan();
  EXPECT_EQ(planned[0].ref, names.named(folder_ / "kernel/6.12").ref);
  EXPECT_EQ(planned[3].ref, names.named(folder_ / "kernel/6.12:tiny").ref);
  EXPECT_THROW(names.named(folder_ / "kernel/6.12:tin"), Error);
  folder_.package("pkg/a", "image: a\n");
  folder_.commit();
  EXPECT_THAT(names.named(folder_ / "pkg/a").ref, HasSubstr("demo/a:"));
  EXPECT_THROW(names.named(folder_ / "none"), Error);
}

TEST_F(KernelPlan, works_outside_git) {
  fs::remove_all(folder_ / ".git");
  EXPECT_EQ("demo/kernel:6.12", plan().front().ref);
}

}  // namespace
}  // namespace rtfx::kernel
