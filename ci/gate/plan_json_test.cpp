// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ci/gate/gate_fixture.hpp"

namespace rtfx::gate {
namespace {

using testing::HasSubstr;

Plan full_plan() {
  Plan plan = fixture::the_plan();
  plan.commit = "0123456789abcdef0123456789abcdef01234567";
  plan.labels = "slow,!x";
  plan.flaky = 2;
  plan.inputs = {{"cases", "tree:01"}, {"rtfx.yml", "sha256:02+03"}};
  plan.requirements[0].obstacle = "it has \"uncommitted\" changes";
  return plan;
}

TEST(PlanJson, is_this) {
  EXPECT_EQ(plan_json(full_plan()), R"({
  "format": 1,
  "commit": "0123456789abcdef0123456789abcdef01234567",
  "labels": "slow,!x",
  "flaky": 2,
  "first-class": ["amd64","arm64"],
  "candidates": ["riscv64"],
  "inputs": {"cases":"tree:01","rtfx.yml":"sha256:02+03"},
  "requirements": [
    {"kind":"package","name":"org/redis:1","arch":"amd64","obstacle":"it has \"uncommitted\" changes"},
    {"kind":"case","name":"x.boot","arch":"amd64","suites":["x"]},
    {"kind":"case","name":"x.boot","arch":"arm64","suites":["x"]},
    {"kind":"case","name":"x.boot","arch":"riscv64","suites":["x"]}
  ]
}
)");
}

TEST(PlanJson, comes_back_as_it_was) {
  EXPECT_EQ(parse_plan(plan_json(full_plan()), "plan.json"), full_plan());
  EXPECT_EQ(parse_plan(plan_json({}), "plan.json"), Plan{});
  EXPECT_EQ(parse_plan(plan_json(fixture::the_plan()), "plan.json"), fixture::the_plan());
}

TEST(PlanJson, anything_else_is_refused) {
  const std::string good = plan_json(full_plan());
  const auto message = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    try {
      parse_plan(text, "p.json");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_EQ(message("\"format\": 1", "\"format\": 2"),
            "p.json: format 2 is not known, only 1; another version of rtfx wrote it");
  EXPECT_EQ(message("  \"labels\"", "  \"label\""), "p.json: \"labels\" is missing");
  EXPECT_EQ(message("\"format\": 1,", "\"format\": 1, \"more\": 0,"),
            "p.json: unknown member \"more\"");
  EXPECT_EQ(message("\"flaky\": 2", "\"flaky\": -2"),
            "p.json: \"flaky\": expected a number or null");
  EXPECT_EQ(message("\"kind\":\"case\"", "\"kind\":\"cake\""),
            "p.json: requirements[1]: \"kind\": expected package, image or case, got \"cake\"");
  EXPECT_EQ(message("\"arch\":\"riscv64\"", "\"arch\":\"s390x\""),
            "p.json: requirements[3]: \"arch\": \"s390x\" is not an arch of the plan");
  EXPECT_THAT(message("{\n", "["), HasSubstr("p.json: it is not JSON: "));
  EXPECT_EQ(message("[\"riscv64\"]", "[1]"), "p.json: \"candidates\": expected a list of strings");
}

TEST(PlanDifference, names_the_first_thing_that_differs) {
  const Plan ours = full_plan();
  EXPECT_EQ(difference(ours, ours), "");
  Plan theirs = ours;
  theirs.requirements.pop_back();
  EXPECT_EQ(difference(ours, theirs), "only this one asks for case x.boot on riscv64");
  EXPECT_EQ(difference(theirs, ours), "only the other one asks for case x.boot on riscv64");
  theirs = ours;
  theirs.requirements[0].obstacle.clear();
  EXPECT_EQ(difference(ours, theirs),
            "only this one asks for package org/redis:1 on amd64 (it has \"uncommitted\" changes)");
  theirs.inputs["cases"] = "tree:09";
  EXPECT_EQ(difference(ours, theirs), "another cases");
  theirs.labels = "";
  EXPECT_EQ(difference(ours, theirs), "labels slow,!x and labels none");
  theirs.commit = "99";
  EXPECT_EQ(difference(ours, theirs), "commit " + ours.commit + " and commit 99");
}

}  // namespace
}  // namespace rtfx::gate
