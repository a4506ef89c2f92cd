// SPDX-License-Identifier: Apache-2.0
#include "runner/select.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "runner/listing.hpp"
#include "runner/system.hpp"
#include "runner/test_tree.hpp"

namespace rtfx::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const ArchTable arches = ArchTable::builtin();

Labels labels(const std::string& list) {
  Labels set;
  set.add(list);
  return set;
}

TEST(Labels, blanks_and_empty_parts_do_not_count) {
  EXPECT_EQ(labels(" a, b ,,! c,!").str(":"), "!c:a:b");
}

/// One of the labels must be present, none of the unwanted ones, and the host may exclude
/// (linuxkit/rtf, local/labels.go).
TEST(Labels, match_as_in_rtf) {
  EXPECT_TRUE(labels_match(labels(""), labels("")));
  EXPECT_TRUE(labels_match(labels(""), labels("a")));
  EXPECT_FALSE(labels_match(labels("a"), labels("")));
  EXPECT_TRUE(labels_match(labels("a,b"), labels("b")));
  EXPECT_FALSE(labels_match(labels("!a"), labels("a")));
  EXPECT_TRUE(labels_match(labels("!a"), labels("b")));
  EXPECT_FALSE(labels_match(labels("a,!b"), labels("a,b")));
  EXPECT_FALSE(labels_match(labels("a,b"), labels("a,!b")));
  EXPECT_TRUE(labels_match(labels("a"), labels("a,!b")));
}

TEST(Select, the_target_stands_instead_of_the_host) {
  const Labels present = present_labels("slow,!x", arches.find("s390x"), arches);
  EXPECT_TRUE(present.wanted.contains("s390x"));
  EXPECT_TRUE(present.wanted.contains("linux"));
  EXPECT_TRUE(present.wanted.contains("slow"));
  EXPECT_TRUE(present.unwanted.contains("x"));
  EXPECT_FALSE(present.wanted.contains("amd64"));
}

TEST(Select, tells_another_arch_from_other_labels) {
  TestTree tree;
  tree.test("010_arm", "# LABELS: arm64\n")
      .test("020_slow", "# LABELS: slow\n")
      .test("030_not", "# LABELS: !amd64\n")
      .test("040_all");
  const auto cases = all_cases(tree.load());
  const Arch& amd64 = arches.find("amd64");
  std::vector<Selection> got;
  for (const Case* test : cases)
    got.push_back(select(*test, present_labels("", amd64, arches), amd64, arches));
  EXPECT_THAT(got, ElementsAre(Selection::other_arch, Selection::labels, Selection::other_arch,
                               Selection::selected));
}

TEST(Select, every_group_above_is_asked) {
  TestTree tree;
  tree.group("", "# LABELS: outer\n").test("g/t");
  const Case* test = all_cases(tree.load())[0];
  const Arch& amd64 = arches.find("amd64");
  EXPECT_EQ(select(*test, present_labels("", amd64, arches), amd64, arches), Selection::labels);
  EXPECT_EQ(select(*test, present_labels("outer", amd64, arches), amd64, arches),
            Selection::selected);
}

TEST(Pattern, a_full_name_is_exact_and_anything_else_a_prefix) {
  TestTree tree;
  tree.group("", "# NAME: top\n")
      .test("010_foo/010_bar")
      .test("010_foo/020_barrel")
      .test("020_food/t");
  const Group& root = tree.load();
  EXPECT_TRUE(pattern_matches("", "top.foo.bar", root));
  EXPECT_TRUE(pattern_matches("top.foo.bar", "top.foo.bar", root));
  EXPECT_FALSE(pattern_matches("top.foo.bar", "top.foo.barrel", root));
  EXPECT_TRUE(pattern_matches("top.foo.ba", "top.foo.barrel", root));
  EXPECT_FALSE(pattern_matches("top.foo", "top.food.t", root));
  EXPECT_TRUE(pattern_matches("top.fo", "top.food.t", root));
}

TEST(Pattern, names_iterations_of_what_it_names) {
  TestTree tree;
  tree.group("", "# NAME: top\n").test("foo/bar", "# REPEAT: 2\n").test("food/t");
  const Group& root = tree.load();
  EXPECT_TRUE(pattern_matches("top.foo", "top.foo.bar.1", root));
  EXPECT_TRUE(pattern_matches("top.foo.bar", "top.foo.bar.2", root));
  EXPECT_TRUE(pattern_matches("top.*.bar", "top.foo.bar.2", root));
  EXPECT_FALSE(pattern_matches("top.foo.bar.1", "top.foo.bar.2", root));
  EXPECT_FALSE(pattern_matches("top.foo", "top.food.t", root));
  EXPECT_FALSE(pattern_matches("top.foo", "top.foo.gone", root));
}

TEST(Pattern, that_matches_nothing_is_an_error_with_the_nearest_name) {
  TestTree tree;
  tree.group("", "# NAME: top\n").test("examples/redis");
  try {
    find_cases(tree.load(), "top.exampels");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::nothing_to_run);
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"top.examples\""));
  }
}

TEST(Labels, an_unknown_one_is_refused_when_it_looks_like_a_typing_error) {
  TestTree tree;
  tree.test("t", "# LABELS: slow\n").test("u", "# LABELS: !fast\n");
  const Group& root = tree.load();
  EXPECT_NO_THROW(check_labels(root, "slow,fast,linux,arm64,!slow," + system_info().version));
  EXPECT_NO_THROW(check_labels(root, "something-else")) << "scripts may ask for it";
  EXPECT_THAT(unknown_labels(root, "something-else,slow"), ElementsAre("something-else"));
  try {
    check_labels(root, "solw,!fasst");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::nothing_to_run);
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"slow\""));
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"fast\""));
  }
}

TEST(Units, of_a_repeated_case_are_numbered) {
  TestTree tree;
  tree.test("010_a")
      .test("020_b", "# REPEAT: 1\n")
      .test("030_c", "# REPEAT: 2 slow:3\n")
      .test("040_d", "# REPEAT: slow:2\n");
  const auto cases = all_cases(tree.load());
  EXPECT_THAT(unit_names(*cases[0], {}), ElementsAre("a"));
  EXPECT_THAT(unit_names(*cases[1], {}), ElementsAre("b.1"));
  EXPECT_THAT(unit_names(*cases[2], {}), ElementsAre("c.1", "c.2"));
  EXPECT_THAT(unit_names(*cases[2], labels("slow")), ElementsAre("c.1", "c.2", "c.3"));
  EXPECT_THAT(unit_names(*cases[3], {}), ElementsAre("d"));
  EXPECT_THAT(unit_names(*cases[3], labels("slow")), ElementsAre("d.1", "d.2"));
}

/// The units that a selector leaves, for amd64 and no labels.
std::string units_of(const Group& root, const std::vector<std::string>& patterns,
                     const std::string& expression = "", bool rtf_prefix = false) {
  const Selector selector(root, patterns, expression, rtf_prefix);
  std::vector<std::string> units;
  for (const Case* test : all_cases(root)) {
    for (const std::string& unit : unit_names(*test, {})) {
      if (selector.selects(*test, unit, arches.find("amd64"))) units.push_back(unit);
    }
  }
  return text::join(units, " ");
}

TestTree& families(TestTree& tree) {
  return tree.group("", "# NAME: top\n")
      .test("010_foo/010_bar")
      .test("010_foo/020_bar_baz")
      .test("020_foobar/010_x", "# REPEAT: 3\n")
      .test("030_z", "# LABELS: slow\n");
}

TEST(Selector, patterns_add_up_and_negative_ones_take_away) {
  TestTree tree;
  const Group& root = families(tree).load();
  EXPECT_EQ(units_of(root, {"top.foo.bar"}), "top.foo.bar");
  EXPECT_EQ(units_of(root, {"top.foo.bar", "top.z"}), "top.foo.bar top.z");
  EXPECT_EQ(units_of(root, {"!top.foo.bar"}),
            "top.foo.bar_baz top.foobar.x.1 top.foobar.x.2 top.foobar.x.3 top.z");
  EXPECT_EQ(units_of(root, {"top.foo", "!top.foo.bar"}), "top.foo.bar_baz");
  EXPECT_EQ(units_of(root, {"top.fo", "!*_baz", "!top.foobar.x.2"}),
            "top.foo.bar top.foobar.x.1 top.foobar.x.3");
}

TEST(Selector, an_iteration_is_selected_by_its_name) {
  TestTree tree;
  const Group& root = families(tree).load();
  EXPECT_EQ(units_of(root, {"top.foobar.x.2"}), "top.foobar.x.2");
  EXPECT_EQ(units_of(root, {"top.*.[13]"}), "top.foobar.x.1 top.foobar.x.3");
  EXPECT_THROW(units_of(root, {"top.foobar.x.4"}), Error);
  EXPECT_THROW(units_of(root, {"top.z.1"}), Error) << "it is not repeated";
}

TEST(Selector, rtf_prefix_makes_every_pattern_the_start_of_names) {
  TestTree tree;
  const Group& root = families(tree).load();
  EXPECT_EQ(units_of(root, {"top.foo.bar"}, "", true), "top.foo.bar top.foo.bar_baz");
  EXPECT_EQ(units_of(root, {"top.fo", "!top.foo.bar"}, "", true),
            "top.foobar.x.1 top.foobar.x.2 top.foobar.x.3");
  EXPECT_EQ(units_of(root, {}, "name(top.foo.bar)", true), "top.foo.bar top.foo.bar_baz");
  EXPECT_THROW(units_of(root, {"top.*"}, "", true), Error);
}

TEST(Selector, patterns_and_expression_must_both_hold) {
  TestTree tree;
  const Group& root = families(tree).load();
  EXPECT_EQ(units_of(root, {"top.foo", "top.z"}, "label(slow) | name(*baz)"),
            "top.foo.bar_baz top.z");
  EXPECT_EQ(units_of(root, {"top.foo"}, "label(slow)"), "");
}

std::string refusal(const Group& root, const std::vector<std::string>& patterns) {
  try {
    Selector(root, patterns);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::nothing_to_run);
    return error.what();
  }
  return "";
}

TEST(Selector, every_pattern_must_match_also_the_negative_ones) {
  TestTree tree;
  const Group& root = families(tree).load();
  EXPECT_EQ(refusal(root, {"top.foo", "!top.fooo"}),
            "no case matches the pattern \"!top.fooo\"; did you mean \"top.foo\"?");
  const std::string both = refusal(root, {"nothing", "!", "top.z"});
  EXPECT_THAT(both, HasSubstr("no case matches the pattern \"nothing\""));
  EXPECT_THAT(both, HasSubstr("\nno case matches the pattern \"!\""));
}

TEST(Selector, hints_follow_the_words_of_a_name) {
  TestTree tree;
  tree.group("", "# NAME: linuxkit\n")
      .test("kernel/config_5.4.x")
      .test("packages/containerd")
      .test("packages/sysctl");
  const Group& root = tree.load();
  EXPECT_THAT(refusal(root, {"linuxkit.kernl"}), HasSubstr("did you mean \"linuxkit.kernel\""));
  EXPECT_THAT(refusal(root, {"linuxkit.packges.containerd"}),
              HasSubstr("did you mean \"linuxkit.packages.containerd\""));
  EXPECT_THAT(refusal(root, {"sysctl"}), HasSubstr("did you mean \"linuxkit.packages.sysctl\""));
  EXPECT_THAT(refusal(root, {"linuxkit.packages.zzzzzzzz"}),
              HasSubstr("there is linuxkit.packages.containerd, linuxkit.packages.sysctl"));
  EXPECT_THAT(refusal(root, {"packages"}), HasSubstr("did you mean \"linuxkit.packages\""));
}

TEST(Selector, as_many_full_names_as_cases_are_no_problem) {
  TestTree tree;
  const Group& root = families(tree).load();
  std::vector<std::string> patterns(200000, "top.foo.bar");
  patterns.push_back("top.z");
  EXPECT_EQ(units_of(root, patterns), "top.foo.bar top.z");
}

std::vector<std::string> listed(const Group& root, const std::vector<std::string>& patterns,
                                const std::string& expression = "") {
  std::vector<std::string> rows;
  const std::vector<Arch> targets{arches.find("amd64")};
  for (const ListRow& row :
       list_rows(root, Selector(root, patterns, expression), "", targets, arches))
    rows.push_back((row.runs ? "+" : "-") + row.name());
  return rows;
}

TEST(List, shows_groups_that_are_left_out_as_one_line) {
  TestTree tree;
  tree.group("", "# NAME: top\n")
      .group("010_g", "# LABELS: slow\n")
      .test("010_g/a")
      .test("020_h/b")
      .test("030_c");
  const Group& root = tree.load();
  EXPECT_THAT(listed(root, {"top.c"}), ElementsAre("-top.g", "-top.h", "+top.c"));
  EXPECT_THAT(listed(root, {"top.h.", "top.c"}), ElementsAre("-top.g", "+top.h.b", "+top.c"));
  EXPECT_THAT(listed(root, {"!top.h"}), ElementsAre("-top.g", "-top.h", "+top.c"));
  EXPECT_THAT(listed(root, {"*.b"}), ElementsAre("-top.g", "+top.h.b", "-top.c"));
  EXPECT_THAT(listed(root, {}, "!group(top.h)"), ElementsAre("-top.g", "-top.h", "+top.c"));
  EXPECT_THROW(listed(root, {"top.h", "!top.h.b"}), Error);
}

}  // namespace
}  // namespace rtfx::runner
