// SPDX-License-Identifier: Apache-2.0
#include "runner/plan.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "runner/listing.hpp"
#include "runner/test_tree.hpp"

namespace rtfx::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const ArchTable arches = ArchTable::builtin();

class Plans : public testing::Test {
 protected:
  Plans() {
    tree_.group("", "# NAME: top\n")
        .test("010_a", "# SUMMARY: first\n# AUTHOR: me\n# LABELS: amd64, !x\n")
        .test("020_b", "# REPEAT: 2\n")
        .test("030_c", "# LABELS: slow\n");
    for (const char* arch : {"amd64", "arm64"}) options_.arches.push_back(arches.find(arch));
  }
  Plan plan() { return make_plan(tree_.load(), options_, arches); }

  /// "NAME ARCH" of each unit, with "-" in front of what is skipped.
  std::vector<std::string> units() {
    std::vector<std::string> all;
    for (const CaseUnit& unit : plan().units) {
      const results::UnitId& id = unit.planned.unit;
      all.push_back((unit.skip_reason.empty() ? "" : "-") + id.name.substr(4) + " " + id.arch);
    }
    return all;
  }
  std::string refusal(ExitCode code) {
    try {
      plan();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      return error.what();
    }
    return "accepted";
  }

  TestTree tree_;
  RunOptions options_;
};

TEST_F(Plans, have_every_unit_in_order_with_what_the_log_needs) {
  EXPECT_THAT(units(), ElementsAre("a amd64", "b.1 amd64", "b.2 amd64", "-c amd64", "-a arm64",
                                   "b.1 arm64", "b.2 arm64", "-c arm64"));
  const Plan all = plan();
  EXPECT_EQ(all.units[0].planned.summary, "first");
  EXPECT_EQ(all.units[0].planned.author, "me");
  EXPECT_EQ(all.units[0].planned.file, "010_a/test.sh");
  EXPECT_THAT(all.units[0].planned.labels, ElementsAre("!x", "amd64"));
  EXPECT_THAT(all.units[3].skip_reason, HasSubstr("slow"));
  EXPECT_THAT(all.units[4].skip_reason, HasSubstr("not for arm64"));
  for (std::size_t i = 0; i < all.units.size(); ++i)
    EXPECT_EQ(all.units[i].planned.order, static_cast<int>(i));
}

TEST_F(Plans, what_is_not_selected_is_no_part_of_the_run) {
  options_.patterns = {"top.b.2", "top.c"};
  EXPECT_THAT(units(), ElementsAre("b.2 amd64", "-c amd64", "b.2 arm64", "-c arm64"));
  options_.expression = "arch(arm64) - label(slow)";
  EXPECT_THAT(units(), ElementsAre("b.2 arm64"));
}

TEST_F(Plans, that_select_nothing_are_refused) {
  options_.expression = "arch(s390x)";
  EXPECT_THAT(refusal(ExitCode::nothing_to_run), HasSubstr("by the expression for the arch"));
  options_.patterns = {"top.c"};
  options_.expression = "name(top.b)";
  EXPECT_THAT(refusal(ExitCode::nothing_to_run), HasSubstr("by the patterns and the expression"));
  options_.patterns = {"top.c", "!top.c"};
  options_.expression = "";
  EXPECT_THAT(refusal(ExitCode::nothing_to_run), HasSubstr("take away what the others name"));
}

TEST_F(Plans, two_units_with_one_name_are_refused) {
  tree_.test("b/1").test("020_b", "# REPEAT: 2\n");
  EXPECT_THAT(refusal(ExitCode::usage), HasSubstr("two things to run would be called top.b.1"));
}

TEST_F(Plans, of_a_shard_keep_the_place_in_the_whole) {
  options_.shard = {2, 2};
  EXPECT_THAT(units(), ElementsAre("b.1 arm64", "b.2 arm64"));
  EXPECT_EQ(plan().units[0].planned.order, 5);
  options_.shard = {1, 2};
  EXPECT_THAT(units(),
              ElementsAre("a amd64", "b.1 amd64", "b.2 amd64", "-c amd64", "-a arm64", "-c arm64"));
}

TEST_F(Plans, of_a_resumed_part_are_not_divided_again) {
  options_.shard = {2, 2};
  options_.only = {{"case", "top.a", "amd64"}};
  EXPECT_THAT(units(), ElementsAre("a amd64")) << "count would have put it into the first part";
}

TEST_F(Plans, keys_are_asked_for_what_runs_and_only_passes_are_reused) {
  std::vector<std::string> asked;
  options_.key = [&](const Case& test, const Arch& arch) {
    asked.push_back(test.name.substr(4) + " " + arch.name);
    return test.name == "top.b" ? "key" : "";
  };
  options_.known = [](const results::UnitId& id, const std::string& key) {
    results::UnitFinished known;
    known.unit = id;
    known.key = key;
    known.result = id.name == "top.b.1" ? results::Result::pass : results::Result::fail;
    return known;
  };
  const Plan all = plan();
  EXPECT_THAT(asked, ElementsAre("a amd64", "b amd64", "b arm64"));
  EXPECT_FALSE(all.units[0].reused);
  EXPECT_TRUE(all.units[1].reused);
  EXPECT_EQ(all.units[1].key, "key");
  EXPECT_FALSE(all.units[2].reused);
}

TEST_F(Plans, rows_of_a_shard_are_its_cases) {
  options_.shard = {1, 2};
  std::vector<std::string> names;
  for (const ListRow& row : rows_of(plan(), options_.arches))
    names.push_back(row.name() + " " + row.arch->name);
  EXPECT_THAT(names, ElementsAre("top.a amd64", "top.b amd64"));
}

TEST_F(Plans, info_tells_of_a_case_that_any_arch_selects) {
  const Group& root = tree_.load();
  const auto told = [&](const std::string& expression) {
    std::vector<std::string> names;
    for (const ListRow& row :
         info_rows(root, Selector(root, {}, expression), "", options_.arches, arches))
      names.push_back(row.name());
    return names;
  };
  EXPECT_THAT(told(""), ElementsAre("top.a", "top.b", "top.c"));
  EXPECT_THAT(told("arch(arm64) & label(slow)"), ElementsAre("top.c"));
  EXPECT_THROW(told("none()"), Error);
}

}  // namespace
}  // namespace rtfx::runner
