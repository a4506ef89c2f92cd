// SPDX-License-Identifier: Apache-2.0
//
// What several runs say together, and what excuses a failure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "ci/gate/gate_fixture.hpp"

namespace rtfx::gate {
namespace {

using namespace fixture;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// How x.boot of arm64 stands.
Judgement arm64_case(const Verdict& verdict) { return verdict.find("arm64")->units.front(); }

struct Row {
  const char* name;
  std::vector<JudgedRun> runs;
  Standing standing;
  const char* reason;
};

results::RunRecord without_arm64() {
  results::RunRecord run = good_run();
  run.units.erase(run.units.begin() + 2);
  return run;
}

results::RunRecord interrupted(results::RunRecord run) {
  run.finished = false;
  run.reason = "SIGTERM";
  return run;
}

results::RunRecord of_commit(const std::string& commit) {
  results::RunRecord run = good_run();
  run.start.commit = commit;
  return run;
}

TEST(SeveralRuns, are_judged_together) {
  results::RunRecord unended = good_run();
  unended.units[2].finished.reset();
  const std::vector<Row> table = {
      {"one machine each", {{"a", without_arm64()}, {"b", good_run()}}, Standing::passed, ""},
      {"no run has it", {{"a", without_arm64()}}, Standing::blocked, "no result"},
      {"no run at all", {}, Standing::blocked, "no result"},
      {"planned, never ended", {{"a", unended}}, Standing::blocked, "no result"},
      {"a pass, then a failure",
       {{"a", good_run()}, {"b", run_with(Result::fail)}},
       Standing::flaky,
       "flaky: it passed, but not in b (fail: because)"},
      {"a failure, then a pass",
       {{"a", run_with(Result::timeout)}, {"b", good_run()}},
       Standing::flaky,
       "flaky: it passed, but not in a (timeout: because)"},
      {"skipped on one machine, passed on another",
       {{"a", run_with(Result::skip)}, {"b", good_run()}},
       Standing::passed,
       ""},
      {"failed twice",
       {{"a", run_with(Result::fail)}, {"b", run_with(Result::error)}},
       Standing::blocked,
       "error: because"},
      {"a pass of an interrupted run",
       {{"a", interrupted(good_run())}},
       Standing::blocked,
       "no result that counts: the run did not come to its end: SIGTERM"},
      {"a failure of an interrupted run counts",
       {{"a", interrupted(run_with(Result::fail))}},
       Standing::blocked,
       "fail: because"},
      {"interrupted, but another run passed",
       {{"a", interrupted(good_run())}, {"b", good_run()}},
       Standing::passed,
       ""},
      {"of another commit",
       {{"a", of_commit("abc")}},
       Standing::blocked,
       "no result that counts: a run does not count: it is of commit abc, the plan is of no "
       "commit"},
  };
  for (const Row& row : table) {
    const Judgement judgement = arm64_case(decide(the_plan(), row.runs, redis_digest, {}));
    EXPECT_EQ(judgement.standing, row.standing) << row.name;
    EXPECT_EQ(judgement.reason, row.reason) << row.name;
  }
}

TEST(SeveralRuns, results_for_another_digest_do_not_count) {
  results::RunRecord other = good_run();
  other.start.subjects[0].digest = "sha256:bb";
  const Verdict verdict = decide(the_plan(), {{"other", other}}, redis_digest, {});
  const ArchVerdict& amd64 = *verdict.find("amd64");
  EXPECT_EQ(amd64.blockers().size(), 2u) << "the package and its case";
  EXPECT_THAT(amd64.units[0].reason, HasSubstr("the tests ran with sha256:bb, not with sha256:aa"));
  EXPECT_THAT(amd64.units[1].reason,
              HasSubstr("it tested org/redis:1 with sha256:bb, not with sha256:aa"));
  EXPECT_TRUE(verdict.find("arm64")->ready()) << "it has no package";
}

TEST(SeveralRuns, every_run_of_an_arch_must_have_tested_the_digest_that_ships) {
  results::RunRecord other = good_run();
  other.start.subjects[0].digest = "sha256:bb";
  const Verdict one =
      decide(the_plan(), {{"good", good_run()}, {"other", other}}, redis_digest, {});
  EXPECT_FALSE(one.ships);
  results::RunRecord none = good_run();
  none.start.subjects.clear();
  const Verdict two = decide(the_plan(), {{"good", good_run()}, {"none", none}}, redis_digest, {});
  EXPECT_EQ(two.find("amd64")->units[0].reason, "no tests ran with it in none");
  EXPECT_EQ(two.find("amd64")->units[1].standing, Standing::passed) << "the good run has it";
}

TEST(SeveralRuns, a_run_of_another_arch_says_nothing_about_this_one) {
  results::RunRecord arm64_alone;
  arm64_alone.finished = true;
  finish(arm64_alone, boot_arm64, Result::pass);
  EXPECT_TRUE(
      decide(the_plan(), {{"a", without_arm64()}, {"b", arm64_alone}}, redis_digest, {}).ships);
}

TEST(Flaky, as_many_as_the_policy_allows) {
  results::RunRecord run = good_run();
  retried(run, 2);
  Plan plan = the_plan();
  for (const auto& [allowed, ships] :
       std::map<std::optional<int>, bool>{{std::nullopt, true}, {0, false}, {1, true}}) {
    plan.flaky = allowed;
    const Verdict verdict = decide(plan, {{"a", run}}, redis_digest, {});
    EXPECT_EQ(verdict.ships, ships) << allowed.value_or(-1);
    EXPECT_THAT(arm64_case(verdict).reason,
                HasSubstr("flaky: it passed at attempt 2 (fail: exit 1 before)"));
    EXPECT_EQ(arm64_case(verdict).result, "flaky");
  }
}

TEST(Flaky, the_policy_counts_per_arch) {
  results::RunRecord run = good_run();
  retried(run, 1);
  retried(run, 2);
  Plan plan = the_plan();
  plan.flaky = 1;
  EXPECT_TRUE(decide(plan, {{"a", run}}, redis_digest, {}).ships);
  const UnitId other{"case", "x.other", "arm64"};
  plan.requirements.push_back({other, true, "", {"x"}});
  finish(run, other, Result::pass);
  retried(run, 4);
  const Verdict verdict = decide(plan, {{"a", run}}, redis_digest, {});
  EXPECT_EQ(verdict.find("arm64")->blockers().size(), 2u) << "none of the two is the right one";
  EXPECT_THAT(arm64_case(verdict).reason, HasSubstr("gate.flaky allows 1 of arm64, there are 2"));
  EXPECT_TRUE(verdict.find("amd64")->ready());
  EXPECT_TRUE(decide(plan, {{"a", run}}, redis_digest, rules_with({waiver("x.other")})).ships)
      << "a waived one does not count";
}

TEST(Waivers, excuse_every_way_in_which_a_case_can_fail) {
  for (const Result result :
       {Result::fail, Result::error, Result::timeout, Result::skip, Result::cancel}) {
    const Verdict verdict =
        decide(the_plan(), {{"a", run_with(result)}}, redis_digest, rules_with({waiver("x.boot")}));
    EXPECT_TRUE(verdict.ships) << results::result_name(result);
    EXPECT_EQ(arm64_case(verdict).standing, Standing::waived);
    EXPECT_THAT(
        arm64_case(verdict).reason,
        HasSubstr("; waived by Ann <ann@example.org> until 2026-12-31: the board is broken"));
    EXPECT_EQ(arm64_case(verdict).result, results::result_name(result));
  }
}

TEST(Waivers, excuse_no_package_no_image_no_digest_and_no_interrupted_run) {
  const Rules all = rules_with({waiver("*"), waiver("org/redis:1")});
  results::RunRecord run = good_run();
  run.units[0].finished->result = Result::fail;
  EXPECT_FALSE(decide(the_plan(), {{"a", run}}, redis_digest, all).ships) << "a package";
  EXPECT_FALSE(decide(the_plan(), {{"a", interrupted(good_run())}}, redis_digest, all).ships);
  EXPECT_FALSE(
      decide(the_plan(), {{"a", good_run()}}, {{"org/redis:1", "amd64", "sha256:bb"}}, all).ships);
  Plan plan = the_plan();
  const UnitId image{"image", "x", "arm64"};
  plan.requirements.push_back({image, true, "", {}});
  run = good_run();
  finish(run, image, Result::fail);
  EXPECT_FALSE(decide(plan, {{"a", run}}, redis_digest, all).ships) << "an image";
}

TEST(Waivers, an_expired_one_does_not_waive_and_is_told) {
  const std::vector<JudgedRun> failed = {{"a", run_with(Result::fail)}};
  const Verdict last_day =
      decide(the_plan(), failed, redis_digest, rules_with({waiver("x.boot", "2026-11-20")}));
  EXPECT_TRUE(last_day.ships);
  EXPECT_THAT(last_day.notes, IsEmpty());
  const Verdict verdict =
      decide(the_plan(), failed, redis_digest, rules_with({waiver("x.boot", "2026-11-19")}));
  EXPECT_FALSE(verdict.ships);
  EXPECT_THAT(verdict.notes,
              ElementsAre("waivers.yml:1: the waiver of x.boot by Ann <ann@example.org> expired on "
                          "2026-11-19; a result that it named did not pass"));
}

TEST(Waivers, one_that_nothing_needs_is_told) {
  const Verdict verdict = decide(the_plan(), {{"a", good_run()}}, redis_digest,
                                 rules_with({waiver("x.boot"), waiver("y")}));
  EXPECT_TRUE(verdict.ships);
  EXPECT_THAT(verdict.notes,
              ElementsAre(HasSubstr("the waiver of x.boot by Ann <ann@example.org> was not needed"),
                          HasSubstr("of y by Ann <ann@example.org> names no case")));
}

/// The released state had x.boot of arm64 so; nullopt: not at all.
Rules regress(const std::optional<std::string>& released, bool complete = true) {
  Rules rules = rules_with({});
  rules.baseline = Baseline{"release 1", {}, complete};
  if (released) rules.baseline->results[boot_arm64] = *released;
  return rules;
}

TEST(Regress, what_failed_in_the_released_state_does_not_block_again) {
  struct Case {
    Result now;
    std::optional<std::string> released;
    bool ships;
    const char* reason;
  };
  const std::vector<Case> table = {
      {Result::fail, "fail", true, "; the released state has this too"},
      {Result::timeout, "fail", true, "; the released state has fail too"},
      {Result::skip, "fail", true, "; the released state has fail too"},
      {Result::skip, "skip", true, "; the released state has this too"},
      {Result::fail, "skip", false, " (in the released state: skip)"},
      {Result::fail, "flaky", false, " (in the released state: flaky)"},
      {Result::fail, "pass", false, " (in the released state: pass)"},
      {Result::fail, "missing", false, " (no result in the released state)"},
      {Result::fail, std::nullopt, false, " (no result in the released state)"},
  };
  for (const Case& row : table) {
    const Verdict verdict =
        decide(the_plan(), {{"a", run_with(row.now)}}, redis_digest, regress(row.released));
    EXPECT_EQ(verdict.ships, row.ships) << row.reason;
    EXPECT_THAT(arm64_case(verdict).reason, HasSubstr(row.reason));
    EXPECT_THAT(verdict.notes, Contains("--regress compares with release 1"));
  }
}

TEST(Regress, a_missing_result_blocks_whatever_was_released) {
  EXPECT_FALSE(decide(the_plan(), {{"a", without_arm64()}}, redis_digest, regress("fail")).ships);
}

TEST(Regress, a_record_that_lists_only_failures_excuses_nothing_else) {
  const Verdict verdict = decide(the_plan(), {{"a", run_with(Result::fail)}}, redis_digest,
                                 regress(std::nullopt, false));
  EXPECT_FALSE(verdict.ships);
  EXPECT_THAT(arm64_case(verdict).reason, HasSubstr("(not among what failed in the released"));
}

TEST(Regress, flaky_as_before_is_no_regression) {
  results::RunRecord run = good_run();
  retried(run, 2);
  Plan plan = the_plan();
  plan.flaky = 0;
  EXPECT_TRUE(decide(plan, {{"a", run}}, redis_digest, regress("flaky")).ships);
  EXPECT_FALSE(decide(plan, {{"a", run}}, redis_digest, regress("pass")).ships);
}

}  // namespace
}  // namespace rtfx::gate
