// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/gate_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rtfx::gate {
namespace {

using namespace fixture;
using testing::HasSubstr;

/// Judges one run without rules.
Verdict decide(const Plan& plan, const results::RunRecord& run,
               const std::vector<results::Subject>& to_ship) {
  return gate::decide(plan, {{"run", run}}, to_ship, {});
}

std::string first_reason(const Verdict& verdict, std::size_t arch) {
  return verdict.arches.at(arch).blockers().empty()
             ? ""
             : verdict.arches.at(arch).blockers().front().reason;
}

TEST(Verdict, ships_the_first_class_arches_when_everything_passed) {
  const Verdict verdict = decide(the_plan(), good_run(), redis_digest);
  EXPECT_TRUE(verdict.ships);
  EXPECT_THAT(verdict.shipped_arches(), testing::ElementsAre("amd64", "arm64"));
}

TEST(Verdict, anything_but_a_pass_blocks) {
  for (const Result result :
       {Result::fail, Result::error, Result::timeout, Result::skip, Result::cancel}) {
    results::RunRecord run = good_run();
    run.units[2].finished->result = result;
    run.units[2].finished->reason = "because";
    const Verdict verdict = decide(the_plan(), run, redis_digest);
    EXPECT_FALSE(verdict.ships) << results::result_name(result);
    EXPECT_EQ(first_reason(verdict, 1), results::result_name(result) + ": because");
    EXPECT_TRUE(verdict.shipped_arches().empty());
  }
}

TEST(Verdict, a_result_that_never_came_blocks) {
  results::RunRecord planned_only = good_run();
  planned_only.units[1].finished.reset();
  EXPECT_EQ(first_reason(decide(the_plan(), planned_only, redis_digest), 0), "no result");

  results::RunRecord not_even_planned = good_run();
  not_even_planned.units.erase(not_even_planned.units.begin() + 1);
  const Verdict verdict = decide(the_plan(), not_even_planned, redis_digest);
  EXPECT_FALSE(verdict.ships);
  EXPECT_EQ(first_reason(verdict, 0), "no result");
}

TEST(Verdict, a_pass_on_another_arch_does_not_count) {
  results::RunRecord run = good_run();
  run.units[2].planned.unit.arch = run.units[2].finished->unit.arch = "s390x";
  EXPECT_FALSE(decide(the_plan(), run, redis_digest).ships);
}

TEST(Verdict, a_pass_with_another_digest_does_not_count) {
  const Verdict verdict = decide(the_plan(), good_run(), {{"org/redis:1", "amd64", "sha256:bb"}});
  EXPECT_FALSE(verdict.ships);
  EXPECT_THAT(first_reason(verdict, 0),
              HasSubstr("the tests ran with sha256:aa, not with sha256:bb"));
  EXPECT_FALSE(decide(the_plan(), good_run(), {}).ships) << "nothing to publish";
}

TEST(Verdict, an_interrupted_run_never_ships) {
  results::RunRecord run = good_run();
  run.finished = false;
  EXPECT_FALSE(decide(the_plan(), run, redis_digest).ships);
}

TEST(Verdict, a_candidate_never_blocks_and_never_ships) {
  results::RunRecord run = good_run();
  run.units[3].finished->result = Result::fail;
  const Verdict verdict = decide(the_plan(), run, redis_digest);
  EXPECT_TRUE(verdict.ships);
  EXPECT_FALSE(verdict.arches[2].ready());
  EXPECT_THAT(verdict.shipped_arches(), testing::ElementsAre("amd64", "arm64"));
}

TEST(Verdict, an_obstacle_blocks_what_passed) {
  Plan plan = the_plan();
  plan.requirements[0].obstacle = "it has uncommitted changes; commit them";
  EXPECT_EQ(first_reason(decide(plan, good_run(), redis_digest), 0), plan.requirements[0].obstacle);
}

TEST(Verdict, an_empty_plan_ships_nothing) {
  EXPECT_FALSE(decide({}, good_run(), redis_digest).ships);
  EXPECT_FALSE(decide({{"amd64"}, {}, {}}, good_run(), redis_digest).ships);
}

TEST(Verdict, the_text_says_which_and_why) {
  results::RunRecord run = good_run();
  run.units[2].finished->result = Result::fail;
  run.units[2].finished->reason = "exit 1";
  run.units[2].finished->log = "x.boot.arm64.log";
  EXPECT_EQ(verdict_text(decide(the_plan(), run, redis_digest)),
            "ARCH       STAGE         PACKAGES    IMAGES     CASES  VERDICT\n"
            "amd64      first-class        1/1       0/0       1/1  passes\n"
            "arm64      first-class        0/0       0/0       0/1  blocks\n"
            "riscv64    candidate          0/0       0/0       1/1  ready\n"
            "  BLOCKS arm64 case x.boot: fail: exit 1\n"
            "         log: x.boot.arm64.log\n");
}

TEST(Verdict, many_with_one_reason_share_a_line) {
  Verdict verdict;
  ArchVerdict arch;
  arch.arch = "arm64";
  for (const char* name : {"x.a", "x.b", "x.c"})
    arch.units.push_back(
        {{"case", name, "arm64"}, Standing::blocked, "error", "error: not run", ""});
  arch.units.push_back({{"case", "x.d", "arm64"}, Standing::blocked, "missing", "no result", ""});
  verdict.arches.push_back(arch);
  EXPECT_THAT(verdict_text(verdict), HasSubstr("  BLOCKS arm64 3 cases, from x.a: error: not run\n "
                                               " BLOCKS arm64 case x.d: no result\n"));
}

}  // namespace
}  // namespace rtfx::gate
