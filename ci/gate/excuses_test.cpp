// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/excuses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ci/gate/gate_fixture.hpp"

namespace rtfx::gate {
namespace {

using namespace fixture;
using testing::HasSubstr;
using testing::Not;

const std::vector<results::Subject> digests = {{"org/redis:1", "amd64", "sha256:aa"},
                                               {"org/redis:1", "arm64", "sha256:bb"},
                                               {"org/redis:1", "riscv64", "sha256:cc"}};

Plan plan_with_a_package_everywhere() {
  Plan plan = the_plan();
  plan.requirements.push_back({{"package", "org/redis:1", "arm64"}, true, "", {}});
  plan.requirements.push_back({{"package", "org/redis:1", "riscv64"}, false, "", {}});
  return plan;
}

results::RunRecord packages_passed(results::RunRecord run) {
  run.start.subjects = digests;
  finish(run, {"package", "org/redis:1", "arm64"}, Result::pass);
  finish(run, {"package", "org/redis:1", "riscv64"}, Result::pass);
  return run;
}

std::string text_of(const results::RunRecord& run, const Rules& rules = {}) {
  const Plan plan = plan_with_a_package_everywhere();
  return excuses_text(make_excuses(plan, decide(plan, {{"run", run}}, digests, rules)));
}

TEST(Excuses, of_a_release_that_ships) {
  EXPECT_EQ(text_of(packages_passed(good_run())),
            "org/redis:1\n"
            "  amd64    ships: built, and 1 of 1 cases count as passed\n"
            "  arm64    ships: built, and 1 of 1 cases count as passed\n"
            "  riscv64  stays: a candidate arch is not shipped; it is ready: 1 of 1 cases count as "
            "passed\n");
}

TEST(Excuses, of_a_release_that_a_case_blocks) {
  EXPECT_EQ(text_of(packages_passed(run_with(Result::fail, "exit 1"))),
            "org/redis:1\n"
            "  amd64    stays: amd64 passes, but waits for arm64 (case x.boot)\n"
            "  arm64    stays: blocked by case x.boot (fail: exit 1)\n"
            "  riscv64  stays: a candidate arch is not shipped; it is ready: 1 of 1 cases count as "
            "passed\n");
}

TEST(Excuses, of_a_release_that_a_waiver_lets_through) {
  EXPECT_THAT(
      text_of(packages_passed(run_with(Result::fail, "exit 1")), rules_with({waiver("x.boot")})),
      HasSubstr("  arm64    ships: built, and 1 of 1 cases count as passed; x.boot (fail: "
                "exit 1; waived by Ann <ann@example.org> until 2026-12-31: the board is "
                "broken)\n"));
}

TEST(Excuses, of_a_release_with_a_known_failure) {
  Rules rules = rules_with({});
  rules.baseline = Baseline{"release 1", {{boot_arm64, "fail"}}, true};
  EXPECT_THAT(text_of(packages_passed(run_with(Result::fail, "exit 1")), rules),
              HasSubstr("x.boot (fail: exit 1; the released state has this too)\n"));
}

TEST(Excuses, of_a_package_that_was_not_built) {
  results::RunRecord run = packages_passed(good_run());
  run.units[4].finished->result = Result::fail;
  run.units[4].finished->reason = "COPY failed";
  EXPECT_THAT(text_of(run), HasSubstr("  arm64    stays: blocked by itself: fail: COPY failed\n"));
}

TEST(Excuses, the_page_says_the_same_and_is_safe) {
  Plan plan = plan_with_a_package_everywhere();
  const Verdict verdict =
      decide(plan, {{"run", packages_passed(run_with(Result::fail, "<script>alert(1)</script>"))}},
             digests, {});
  const std::vector<Excuse> excuses = make_excuses(plan, verdict);
  const std::string page = excuses_html(excuses, verdict, "r1");
  EXPECT_THAT(page, HasSubstr("<title>Release r1</title>"));
  EXPECT_THAT(page, HasSubstr("does not ship"));
  EXPECT_THAT(page, HasSubstr("blocked by case x.boot (fail: &lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(excuses_json(excuses, verdict, "r1"),
              HasSubstr("\"package\": \"org/redis:1\",\n      \"arch\": \"arm64\",\n      "
                        "\"ships\": false,"));
}

}  // namespace
}  // namespace rtfx::gate
