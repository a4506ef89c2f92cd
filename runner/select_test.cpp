// SPDX-License-Identifier: Apache-2.0
#include "runner/select.hpp"

#include <gmock/gmock.h>

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

/// The figures of linuxkit/rtf, local/group_test.go.
TEST(Shard, is_rtfs) {
  const auto range = [](std::size_t size, int index, int count) {
    const ShardRange found = shard_range(size, index, count);
    return std::pair(found.start, found.count);
  };
  EXPECT_EQ(range(22, 1, 10), std::pair(std::size_t{0}, std::size_t{3}));
  EXPECT_EQ(range(22, 2, 10), std::pair(std::size_t{3}, std::size_t{3}));
  EXPECT_EQ(range(22, 3, 10), std::pair(std::size_t{6}, std::size_t{2}));
  EXPECT_EQ(range(29, 10, 10), std::pair(std::size_t{27}, std::size_t{2}));
  EXPECT_EQ(range(2, 2, 6), std::pair(std::size_t{1}, std::size_t{1}));
  EXPECT_EQ(range(2, 3, 6).second, 0u);
}

TEST(Shard, all_shards_together_are_everything_once) {
  for (std::size_t size = 0; size < 40; ++size) {
    for (int count = 1; count < 45; ++count) {
      std::size_t next = 0;
      for (int index = 1; index <= count; ++index) {
        const ShardRange range = shard_range(size, index, count);
        ASSERT_TRUE(range.count == 0 || range.start == next);
        next += range.count;
      }
      ASSERT_EQ(next, size);
    }
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

TEST(List, shows_groups_that_are_left_out_as_one_line) {
  TestTree tree;
  tree.group("", "# NAME: top\n")
      .group("010_g", "# LABELS: slow\n")
      .test("010_g/a")
      .test("020_h/b")
      .test("030_c");
  std::vector<std::string> got;
  for (const ListRow& row : list_rows(tree.load(), "top.c", "", arches.find("amd64"), arches))
    got.push_back((row.runs ? "+" : "-") + row.name);
  EXPECT_THAT(got, ElementsAre("-top.g", "-top.h", "+top.c"));
}

}  // namespace
}  // namespace rtfx::runner
