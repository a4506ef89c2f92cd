// SPDX-License-Identifier: Apache-2.0
#include "runner/project.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"

namespace rtfx::runner {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LoadProject : public testing::Test {
 protected:
  LoadProject() {
    write_file_atomically(root() / "pkg/b/build.yml", "image: b\n");
    write_file_atomically(root() / "pkg/a/build.yml", "image: a\n");
    write_file_atomically(root() / "pkg/README", "no package\n");
    write_file_atomically(root() / "examples/x.yml", "files: []\n");
    fs::create_directories(root() / "cases");
  }
  fs::path root() const { return scratch_.path(); }

  Project load(const std::string& text) {
    write_file_atomically(root() / "rtfx.yml", text);
    diagnostics_ = {};
    return load_project(root() / "rtfx.yml", diagnostics_);
  }

  TemporaryDirectory scratch_;
  Diagnostics diagnostics_;
};

constexpr const char* good = R"(org: acme
registry: oci:out
arches:
  arm64: {stage: first-class}
  riscv64: {stage: candidate, documentation: docs/r.md}
packages: [pkg/*]
examples: ["examples/*.yml"]
gate: {suites: [top], optional-labels: [slow]}
)";

TEST_F(LoadProject, reads_every_key) {
  const Project project = load(good);
  EXPECT_THAT(diagnostics_.messages(), IsEmpty());
  EXPECT_EQ(project.org, "acme");
  EXPECT_THAT(project.packages, ElementsAre(root() / "pkg/a", root() / "pkg/b"));
  EXPECT_THAT(project.examples, ElementsAre(root() / "examples/x.yml"));
  ASSERT_EQ(project.arch_rows(true).size(), 1u);
  EXPECT_EQ(project.arch_rows(true)[0].name, "arm64");
  EXPECT_EQ(project.arches[1].documentation, root() / "docs/r.md");
  EXPECT_THAT(project.gate.optional_labels, ElementsAre("slow"));
}

TEST_F(LoadProject, tells_every_problem_with_its_line) {
  load(R"(registry: [x]
arches:
  amd46: {}
  arm64: {stage: second-class}
packages: [pkgs/*]
gate: {suites: []}
colour: red
)");
  const std::string at = (root() / "rtfx.yml").string();
  EXPECT_THAT(diagnostics_.messages(),
              Contains(HasSubstr(at + ":1: rtfx.yml.registry: expected a string, got a list")));
  EXPECT_THAT(
      diagnostics_.messages(),
      Contains(HasSubstr(at + ":3: arches: unknown arch \"amd46\"; did you mean \"amd64\"?")));
  EXPECT_THAT(
      diagnostics_.messages(),
      Contains(HasSubstr(at + ":4: arches.arm64.stage: expected first-class or candidate")));
  EXPECT_THAT(diagnostics_.messages(),
              Contains(HasSubstr(at + ":5: packages: \"pkgs/*\" finds no package")));
  EXPECT_THAT(diagnostics_.messages(),
              Contains(HasSubstr(at + ":6: gate.suites: name at least one suite")));
  EXPECT_THAT(diagnostics_.messages(),
              Contains(HasSubstr(at + ":7: rtfx.yml: unknown key \"colour\"")));
}

TEST_F(LoadProject, one_line_is_enough_for_packages) {
  const Project project = load("tags: deep\n");
  EXPECT_THAT(diagnostics_.messages(), IsEmpty());
  EXPECT_EQ(project.tags, pkg::TagMode::deep);
  EXPECT_EQ(project.arch_rows(true).size(), project.table.names().size());
  EXPECT_EQ(project.registry, "");
  load("tags: shallow\ncases: nowhere\n");
  EXPECT_THAT(diagnostics_.messages(),
              ElementsAre(HasSubstr("rtfx.yml:1: tags: \"shallow\" is neither"),
                          HasSubstr("rtfx.yml:2: cases: ")));
}

TEST_F(LoadProject, the_gate_says_how_many_flaky_passes_an_arch_may_have) {
  const std::map<std::string, std::optional<int>> policies = {
      {"", std::nullopt}, {"allow", std::nullopt}, {"block", 0}, {"0", 0}, {"3", 3}};
  for (const auto& [text, allowed] : policies) {
    const std::string flaky = text.empty() ? "" : ", flaky: " + text;
    EXPECT_EQ(load("gate: {suites: [top]" + flaky + "}\n").gate.flaky, allowed) << text;
  }
  EXPECT_THAT(diagnostics_.messages(), testing::IsEmpty());
  for (const char* wrong : {"-1", "some", "1.5", "[1]", "99999999999", "~"}) {
    diagnostics_ = {};
    load(std::string("gate: {suites: [top], flaky: ") + wrong + "}\n");
    EXPECT_THAT(diagnostics_.messages(),
                ElementsAre(HasSubstr("gate.flaky: expected allow, block, or how many")))
        << wrong;
  }
}

TEST_F(LoadProject, needs_a_first_class_arch) {
  load("registry: oci:out\narches: {riscv64: {stage: candidate}}\ngate: {suites: [top]}\n");
  EXPECT_THAT(diagnostics_.messages(),
              ElementsAre(HasSubstr("name at least one first-class arch")));
}

TEST_F(LoadProject, a_new_arch_is_a_row) {
  const Project project = load(R"(registry: oci:out
arches:
  loong64:
    machine: {uname: loongarch64, debian: loong64, kernel-arch: loongarch, kernel-target: vmlinuz.efi,
              cross-prefix: loongarch64-linux-gnu-, qemu: qemu-system-loongarch64, qemu-package: qemu-system-misc,
              machine: virt, console: ttyS0}
  s390x:
    machine: {cpu: qemu}
gate: {suites: [top]}
)");
  EXPECT_THAT(diagnostics_.messages(), IsEmpty());
  EXPECT_EQ(project.table.find("loong64").qemu, "qemu-system-loongarch64");
  EXPECT_EQ(project.table.find("s390x").cpu, "qemu");
  EXPECT_EQ(project.table.find("s390x").console, "ttysclp0") << "what is not named stays";
}

TEST_F(LoadProject, a_new_row_without_a_field_is_told) {
  load(
      "registry: oci:out\narches: {loong64: {machine: {uname: loongarch64}}}\ngate: {suites: "
      "[top]}\n");
  EXPECT_THAT(diagnostics_.messages(),
              Contains(HasSubstr("arches.loong64.machine: \"qemu\" is missing")));
}

TEST_F(LoadProject, is_found_from_below) {
  load(good);
  fs::create_directories(root() / "a/b");
  EXPECT_EQ(find_project_file(root() / "a/b"), root() / "rtfx.yml");
}

}  // namespace
}  // namespace rtfx::runner
