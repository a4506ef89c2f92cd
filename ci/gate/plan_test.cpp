// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"

namespace rtfx::gate {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

/// A project of two first-class arches and a candidate, with the cases that a test writes.
class MakePlan : public testing::Test {
 protected:
  MakePlan() {
    write("group.sh", "# NAME: top\n");
    input_.project.arches = {
        {"amd64", true, {}, {}, ""}, {"arm64", true, {}, {}, ""}, {"riscv64", false, {}, {}, ""}};
    input_.project.cases = scratch_.path();
    input_.project.gate.suites = {"top"};
    input_.project.gate.optional_labels = {"slow"};
  }

  void write(const std::string& name, const std::string& text) {
    write_file_atomically(scratch_.path() / name, text);
  }
  void add_case(const std::string& name, const std::string& labels) {
    write(name + "/test.sh", "# SUMMARY: " + name + "\n# LABELS: " + labels + "\ntrue\n");
  }
  void add_package(const std::string& hash, const std::vector<std::string>& arches) {
    pkg::PlannedPackage package;
    package.revision.hash = hash;
    package.revision.in_git = !hash.empty();
    package.revision.dirty = hash.find("-dirty") != std::string::npos;
    package.revision.hidden_dirt = hidden_dirt_;
    package.ref = "org/p:" + hash;
    package.package.arches = arches;
    input_.packages.push_back(package);
  }

  /// "case top.a amd64" for each blocking requirement, in order.
  std::vector<std::string> required(const std::string& labels = "") {
    Diagnostics diagnostics;
    input_.cases = runner::load_tree(scratch_.path(), diagnostics);
    diagnostics.throw_if_any();
    std::vector<std::string> words;
    for (const Requirement& requirement : make_plan(input_, labels).requirements) {
      if (requirement.blocking)
        words.push_back(requirement.unit.kind + " " + requirement.unit.name + " " +
                        requirement.unit.arch);
    }
    return words;
  }

  TemporaryDirectory scratch_;
  Input input_;
  std::vector<std::string> hidden_dirt_;
};

TEST_F(MakePlan, every_case_is_required_on_every_first_class_arch) {
  add_case("a", "");
  EXPECT_THAT(required(), ElementsAre("case top.a amd64", "case top.a arm64"));
}

TEST_F(MakePlan, an_arch_label_limits_where_a_case_is_required) {
  add_case("a", "arm64");
  add_case("b", "!arm64");
  EXPECT_THAT(required(), ElementsAre("case top.b amd64", "case top.a arm64"));
}

TEST_F(MakePlan, an_optional_label_asks_only_when_it_is_given) {
  add_case("a", "");
  add_case("b", "slow");
  EXPECT_THAT(required(), Not(Contains("case top.b amd64")));
  EXPECT_THAT(required("slow"), Contains("case top.b amd64"));
}

TEST_F(MakePlan, a_case_that_another_label_keeps_from_running_stays_required) {
  add_case("a", "disabled");
  EXPECT_THAT(required(), Contains("case top.a amd64"));
}

TEST_F(MakePlan, every_iteration_is_required) {
  write("a/test.sh", "# SUMMARY: a\n# REPEAT: 2\ntrue\n");
  EXPECT_THAT(required(), ElementsAre("case top.a.1 amd64", "case top.a.2 amd64",
                                      "case top.a.1 arm64", "case top.a.2 arm64"));
}

TEST_F(MakePlan, a_package_is_required_where_its_build_yml_says) {
  add_case("a", "");
  add_package("0123", {"arm64"});
  EXPECT_THAT(required(), Contains("package org/p:0123 arm64"));
  EXPECT_THAT(required(), Not(Contains("package org/p:0123 amd64")));
}

TEST_F(MakePlan, a_dirty_or_untracked_package_is_an_obstacle) {
  add_case("a", "");
  for (const char* hash : {"0123-dirty-abcdef0", ""}) {
    input_.packages.clear();
    add_package(hash, {"amd64"});
    Diagnostics diagnostics;
    input_.cases = runner::load_tree(scratch_.path(), diagnostics);
    EXPECT_NE(make_plan(input_, "").requirements.front().obstacle, "") << hash;
  }
}

TEST_F(MakePlan, dirt_that_the_tag_does_not_show_is_an_obstacle) {
  add_case("a", "");
  hidden_dirt_ = {"the extra source common"};
  add_package("0123", {"amd64"});
  Diagnostics diagnostics;
  input_.cases = runner::load_tree(scratch_.path(), diagnostics);
  EXPECT_THAT(make_plan(input_, "").requirements.front().obstacle,
              testing::HasSubstr("the extra source common"));
}

TEST_F(MakePlan, a_suite_that_names_no_case_is_an_error) {
  add_case("a", "");
  input_.project.gate.suites = {"top", "nothing"};
  try {
    required();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::nothing_to_run);
  }
}

}  // namespace
}  // namespace rtfx::gate
