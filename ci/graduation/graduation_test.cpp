// SPDX-License-Identifier: Apache-2.0
#include "ci/graduation/graduation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"

namespace rtfx::graduation {
namespace {

using results::Result;
using testing::HasSubstr;

/// A project with one package, one example and one case in each suite, and the candidate riscv64.
class Graduation : public testing::Test {
 protected:
  Graduation() {
    write_file_atomically(scratch_.path() / "cases/group.sh", "# NAME: top\n");
    for (const char* suite : {"packages", "kernel", "examples"}) {
      const fs::path folder = scratch_.path() / "cases" / suite;
      write_file_atomically(folder / "group.sh", std::string("# NAME: ") + suite + "\n");
      write_file_atomically(folder / "case/test.sh", "# SUMMARY: a case\ntrue\n");
      input_.project.gate.suites.push_back(std::string("top.") + suite);
    }
    Diagnostics diagnostics;
    input_.cases = runner::load_tree(scratch_.path() / "cases", diagnostics);
    diagnostics.throw_if_any();
    input_.project.arches = {{"amd64", true, {}, {}, ""}, {"riscv64", false, {}, {}, ""}};
    pkg::PlannedPackage kernel;
    kernel.ref = "org/kernel:1";
    kernel.revision.hash = "1";
    kernel.package.image = "kernel";
    kernel.package.arches = {"amd64", "riscv64"};
    input_.packages.push_back(kernel);
    write_file_atomically(scratch_.path() / "minimal.yml", "files: []\n");
    input_.examples.push_back({scratch_.path() / "minimal.yml", "minimal", nullptr});
  }

  /// A run in which everything that is planned for riscv64 ended like this.
  results::RunRecord run_with(Result result) {
    results::RunRecord run;
    run.start.run_id = "the-run";
    for (const gate::Requirement& requirement : gate::make_plan(input_, "").requirements) {
      if (requirement.unit.arch != "riscv64") continue;
      results::UnitRecord record;
      record.planned.unit = requirement.unit;
      record.finished = results::UnitFinished{};
      record.finished->unit = requirement.unit;
      record.finished->result = result;
      record.finished->reason = result == Result::pass ? "" : "panic";
      run.units.push_back(record);
    }
    return run;
  }

  std::vector<Answer> answers(std::vector<results::RunRecord> runs) {
    const gate::Plan plan = gate::make_plan(input_, "");
    return answer({input_, plan, input_.project.table.find("riscv64"), std::move(runs), store_});
  }

  static const Answer& about(const std::vector<Answer>& answers, const std::string& words) {
    for (const Answer& answer : answers) {
      if (answer.requirement.find(words) != std::string::npos) return answer;
    }
    throw Error("no answer about " + words);
  }

  TemporaryDirectory scratch_;
  oci::Store store_{scratch_.path() / "store"};
  gate::Input input_;
};

TEST_F(Graduation, what_no_run_has_tried_is_unknown) {
  const std::vector<Answer> all = answers({});
  for (const char* words : {"package tests", "examples can be built", "examples run",
                            "kernel can be built", "kernel test suite"}) {
    EXPECT_EQ(about(all, words).state, State::unknown) << words;
  }
  EXPECT_EQ(about(all, "library of packages").state, State::unknown) << "the store has nothing";
  EXPECT_FALSE(ready(all));
}

TEST_F(Graduation, passing_results_meet_and_failures_do_not) {
  EXPECT_EQ(about(answers({run_with(Result::pass)}), "kernel test suite").state, State::met);
  EXPECT_EQ(about(answers({run_with(Result::pass)}), "kernel test suite").evidence,
            "1 passed in run the-run");
  const std::vector<Answer> failed = answers({run_with(Result::fail), run_with(Result::pass)});
  EXPECT_EQ(about(failed, "kernel test suite").state, State::not_met) << "the newest result counts";
  EXPECT_THAT(about(failed, "kernel test suite").evidence,
              HasSubstr("top.kernel.case (fail: panic)"));
}

TEST_F(Graduation, an_older_result_counts_where_the_newest_run_has_none) {
  results::RunRecord partial;
  EXPECT_EQ(about(answers({partial, run_with(Result::pass)}), "examples run").state, State::met);
}

TEST_F(Graduation, documentation_ci_and_maintainer_come_from_the_project) {
  EXPECT_EQ(about(answers({}), "documentation").state, State::not_met);
  write_file_atomically(scratch_.path() / "riscv64.md", "how to\n");
  input_.project.arches[1].documentation = scratch_.path() / "riscv64.md";
  input_.project.arches[1].ci = scratch_.path() / "missing.yml";
  input_.project.arches[1].maintainer = "A. Person";
  const std::vector<Answer> all = answers({});
  EXPECT_EQ(about(all, "documentation").state, State::met);
  EXPECT_EQ(about(all, "CI setup").state, State::not_met);
  EXPECT_EQ(about(all, "maintainer").state, State::met);
}

TEST_F(Graduation, a_package_that_leaves_the_arch_out_is_not_met) {
  input_.packages[0].package.arches = {"amd64"};
  const std::vector<Answer> all = answers({});
  EXPECT_EQ(about(all, "library of packages").state, State::not_met);
  EXPECT_THAT(about(all, "library of packages").evidence,
              HasSubstr("build.yml leaves it out: kernel"));
}

TEST_F(Graduation, an_arch_that_the_project_does_not_have_is_an_error) {
  const gate::Plan plan = gate::make_plan(input_, "");
  EXPECT_THROW(answer({input_, plan, input_.project.table.find("s390x"), {}, store_}), Error);
}

}  // namespace
}  // namespace rtfx::graduation
