// SPDX-License-Identifier: Apache-2.0
#include "runner/tree.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "runner/test_tree.hpp"

namespace rtfx::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names(const Group& tree) {
  std::vector<std::string> all;
  for (const Case* test : all_cases(tree)) all.push_back(test->name);
  return all;
}

TEST(Tree, names_and_order_are_rtfs) {
  TestTree tree;
  tree.group("", "# NAME: top\n")
      .test("020_b")
      .test("010_z")
      .test("a")
      .test("010_a/010_inner")
      .test("_lib/x")
      .test("x_y")
      .test("-1_first");
  EXPECT_THAT(names(tree.load()),
              ElementsAre("top.first", "top.a", "top.y", "top.a.inner", "top.z", "top.b"));
}

TEST(Tree, a_directory_can_be_a_case_and_a_group) {
  TestTree tree;
  tree.group("", "# NAME: top\n").test("010_t").test("010_t/data");
  EXPECT_THAT(names(tree.load()), ElementsAre("top.t.data", "top.t"));
}

TEST(Tree, a_top_group_without_a_name_adds_nothing_to_the_names) {
  TestTree tree;
  tree.test("010_t").test("020_g/010_u");
  EXPECT_THAT(names(tree.load()), ElementsAre("t", "g.u"));
}

TEST(Tree, headers_are_read_wherever_they_stand) {
  TestTree tree;
  tree.test("t",
            "#!/bin/sh\r\n# SUMMARY: a: b \r\n#SUMMARY: no\n# AUTHOR: A\n# AUTHOR: B\n# ISSUE: "
            "1\necho\n# ISSUE: 2\n# LABELS: a, !b\n# LABELS:c\n"
            "# TIMEOUT: 5m\n# REPEAT: 3\n");
  const auto& root = tree.load();
  const Headers& headers = all_cases(root)[0]->headers;
  EXPECT_EQ(headers.summary, "a: b");
  EXPECT_EQ(headers.author, "A B");
  EXPECT_EQ(headers.issue, "1 2");
  EXPECT_EQ(headers.labels.str(","), "!b,a,c");
  EXPECT_EQ(headers.timeout, std::chrono::seconds(300));
  EXPECT_EQ(headers.repeat, 3);
  EXPECT_TRUE(headers.repeated);
}

TEST(Tree, empty_headers_are_allowed) {
  TestTree tree;
  tree.test("t", "# SUMMARY:\n# LABELS:\n# REPEAT:\n# TIMEOUT:\n");
  EXPECT_THAT(all_cases(tree.load())[0]->labels.wanted, IsEmpty());
}

TEST(Tree, labels_come_from_the_group_that_the_case_is_in) {
  TestTree tree;
  tree.group("", "# NAME: top\n# LABELS: outer\n")
      .group("g", "# LABELS: a, !b\n")
      .test("g/t", "# LABELS: b, c\n");
  const Case* test = all_cases(tree.load())[0];
  EXPECT_EQ(test->labels.str(","), "!b,a,b,c") << "as in rtf; the outer group is asked by itself";
}

TEST(Tree, problems_are_told_all_at_once_with_their_place) {
  TestTree tree;
  tree.test("010_a", "\n# REPEAT: many\n# REPEAT: -2\n")
      .test("020_a")
      .test("b", "# TIMEOUT: 0\n# SUMMARY: x\n# SUMMARY: y\n");
  tree.load();
  const auto& messages = tree.diagnostics.messages();
  ASSERT_EQ(messages.size(), 5u);
  const std::string all = testing::PrintToString(messages);
  EXPECT_THAT(all, HasSubstr("010_a/test.sh:2: REPEAT: "));
  EXPECT_THAT(all, HasSubstr("010_a/test.sh:3: REPEAT: "));
  EXPECT_THAT(all, HasSubstr("020_a/test.sh: this case is called a, and so is"));
  EXPECT_THAT(all, HasSubstr("b/test.sh:1: TIMEOUT: "));
  EXPECT_THAT(all, HasSubstr("b/test.sh:3: SUMMARY stands twice"));
}

TEST(Tree, links_to_directories_are_left_out_and_cannot_loop) {
  TestTree tree;
  tree.test("t");
  std::filesystem::create_directory_symlink(tree.path(), tree.path() / "loop");
  EXPECT_THAT(names(tree.load()), ElementsAre("t"));
}

TEST(Tree, odd_names_become_one_line_of_utf8) {
  TestTree tree;
  tree.test("010_a\nb").test("020_\xff\x01");
  EXPECT_THAT(names(tree.load()), ElementsAre("a\\x0ab", "\\xff\\x01"));
}

TEST(Tree, a_missing_directory_is_a_diagnostic) {
  Diagnostics diagnostics;
  load_tree("/nowhere/cases", diagnostics);
  EXPECT_FALSE(diagnostics.empty());
}

TEST(TimeLimit, is_seconds_or_has_a_unit) {
  EXPECT_EQ(parse_time_limit("90"), std::chrono::seconds(90));
  EXPECT_EQ(parse_time_limit("30s"), std::chrono::seconds(30));
  EXPECT_EQ(parse_time_limit(" 5m "), std::chrono::seconds(300));
  EXPECT_EQ(parse_time_limit("1h"), std::chrono::seconds(3600));
  for (const char* bad : {"", "0", "-1", "1.5", "5 m", "m", "1d", "99999999999", "9999999h"})
    EXPECT_FALSE(parse_time_limit(bad)) << bad;
}

}  // namespace
}  // namespace rtfx::runner
