// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/decision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "ci/gate/gate_fixture.hpp"
#include "results/event_log.hpp"

namespace rtfx::gate {
namespace {

using namespace fixture;
using testing::HasSubstr;

/// A project with runs in _results and a decision in _release/r1.
class Decided : public testing::Test {
 protected:
  /// Writes the log of a run in which everything passed but what is given.
  fs::path run(const std::string& id, const std::map<UnitId, Result>& but = {}) {
    const fs::path folder = scratch_.path() / "_results" / id;
    fs::create_directories(folder);
    results::EventLog log(folder);
    results::RunStarted start;
    start.run_id = id;
    start.subjects = redis_digest;
    log.append({start});
    for (const Requirement& requirement : the_plan().requirements) {
      results::UnitFinished finished;
      finished.unit = requirement.unit;
      if (const auto found = but.find(requirement.unit); found != but.end()) {
        finished.result = found->second;
        finished.reason = "because";
      }
      results::UnitPlanned planned;
      planned.unit = requirement.unit;
      log.append({planned});
      log.append({finished});
    }
    log.append({results::RunFinished{}});
    return folder;
  }

  Decision decide_on(const std::vector<fs::path>& runs, const Rules& rules = {}) {
    return make_decision("r1", the_plan(), runs, redis_digest, {scratch_.path() / "images"}, rules);
  }

  std::string message_of_loading() {
    try {
      load_decision(folder_);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  TemporaryDirectory scratch_;
  fs::path folder_ = scratch_.path() / "_release" / "r1";
};

TEST_F(Decided, comes_back_from_its_folder_as_it_was) {
  Rules rules = rules_with({waiver("x.boot")});
  rules.baseline = Baseline{"release 0", {{boot_arm64, "fail"}}, false};
  const Decision made = decide_on({run("a"), run("b", {{boot_arm64, Result::fail}})}, rules);
  write_decision(folder_, made);
  const Decision read = load_decision(folder_);
  EXPECT_EQ(read.id, "r1");
  EXPECT_EQ(read.plan, made.plan);
  EXPECT_EQ(read.rules, made.rules);
  EXPECT_EQ(read.subjects, made.subjects);
  EXPECT_EQ(read.images, made.images);
  EXPECT_EQ(read.evidence, made.evidence);
  EXPECT_EQ(verdict_json(read.verdict, "r1"), verdict_json(made.verdict, "r1"));
  EXPECT_EQ(read.verdict.find("arm64")->units.front().standing, Standing::flaky);
}

TEST_F(Decided, survives_that_the_project_is_moved) {
  write_decision(folder_, decide_on({run("a")}));
  const TemporaryDirectory elsewhere;
  fs::copy(scratch_.path(), elsewhere.path() / "p", fs::copy_options::recursive);
  fs::remove_all(scratch_.path() / "_results");
  const Decision read = load_decision(elsewhere.path() / "p" / "_release" / "r1");
  EXPECT_TRUE(read.verdict.ships);
  EXPECT_EQ(read.images.front(), elsewhere.path() / "p" / "images");
}

TEST_F(Decided, is_judged_anew_when_it_is_read) {
  write_decision(folder_, decide_on({run("a", {{boot_arm64, Result::fail}})}));
  std::string text = read_file(folder_ / "verdict.json");
  text.replace(text.find("\"ships\": false"), 14, "\"ships\": true");
  write_file_atomically(folder_ / "verdict.json", text);
  EXPECT_FALSE(load_decision(folder_).verdict.ships);
}

TEST_F(Decided, rests_on_the_very_logs_that_were_judged) {
  const fs::path log = run("a") / "events.jsonl";
  write_decision(folder_, decide_on({run("a")}));
  write_file_atomically(log, read_file(log) + "\n");
  EXPECT_THAT(message_of_loading(), HasSubstr("is not what was judged"));
  fs::remove(log);
  EXPECT_THAT(message_of_loading(), HasSubstr("is not there any more"));
}

TEST_F(Decided, a_dry_run_leaves_no_decision) {
  write_decision(folder_, decide_on({run("a")}), true);
  EXPECT_TRUE(fs::exists(folder_ / "excuses.html"));
  EXPECT_FALSE(holds_decision(folder_));
  EXPECT_THAT(message_of_loading(), HasSubstr("nothing was decided there, or only in a dry run"));
}

TEST_F(Decided, the_evidence_of_one_run_is_the_digest_of_its_log) {
  const fs::path a = run("a"), b = run("b");
  EXPECT_EQ(decide_on({a}).evidence, Digest::of_file(a / "events.jsonl"));
  EXPECT_EQ(decide_on({a, b}).evidence, decide_on({b, a}).evidence);
  EXPECT_NE(decide_on({a, b}).evidence, decide_on({a}).evidence);
}

TEST_F(Decided, runs_that_disagree_are_one_flaky_unit_of_the_whole) {
  const Decision made = decide_on({run("a", {{boot_arm64, Result::fail}}), run("b")});
  const results::UnitRecord* unit = made.run.find(boot_arm64);
  ASSERT_NE(unit, nullptr);
  EXPECT_TRUE(unit->flaky());
  EXPECT_EQ(unit->retried.front().reason, "because");
  EXPECT_FALSE(made.run.find(boot_amd64)->flaky());
  EXPECT_EQ(made.run.start.merged, (std::vector<std::string>{"a", "b"}));
}

TEST_F(Decided, a_released_state_is_read_from_its_verdict) {
  const Decision made =
      decide_on({run("a", {{boot_arm64, Result::fail}})}, rules_with({waiver("x.boot")}));
  const Baseline baseline = parse_baseline(verdict_json(made.verdict, "r1"), "v");
  EXPECT_EQ(baseline, baseline_of(made.verdict, "v"));
  EXPECT_TRUE(baseline.complete);
  EXPECT_EQ(baseline.results.at(boot_arm64), "fail") << "waived, but it failed";
  EXPECT_EQ(baseline.results.at(boot_amd64), "pass");
  EXPECT_FALSE(baseline.results.contains(boot_riscv64)) << "a candidate was not released";
  EXPECT_EQ(baseline_of(made.run, "run").results.at(boot_arm64), "fail");
  EXPECT_THROW(baseline_of(decide_on({}).verdict, "blocked"), Error);
  EXPECT_THROW(parse_baseline("{\"units\": [{\"kind\": \"case\"}]}", "v"), Error);
}

}  // namespace
}  // namespace rtfx::gate
