// SPDX-License-Identifier: Apache-2.0
#include "runner/variants.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "runner/select.hpp"
#include "runner/test_tree.hpp"

namespace rtfx::runner {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names(const Group& tree) {
  std::vector<std::string> all;
  for (const Case* test : all_cases(tree)) all.push_back(test->name);
  return all;
}

const Case& find(const Group& tree, const std::string& name) {
  for (const Case* test : all_cases(tree)) {
    if (test->name == name) return *test;
  }
  throw Error("no case " + name);
}

TEST(Variants, make_a_group_for_each_with_all_that_is_below) {
  TestTree tree;
  tree.group("", "# NAME: top\n")
      .test("010_first")
      .group("100_built", "# VARIANTS: 6.12 6.12-rt\t6.1\n# SUMMARY: x\n# VARIANTS: next_1+\n")
      .test("100_built/010_boot")
      .test("100_built/020_net/010_ping")
      .test("200_last");
  EXPECT_THAT(names(tree.load()),
              ElementsAre("top.first",                                             //
                          "top.built.6.12.boot", "top.built.6.12.net.ping",        //
                          "top.built.6.12-rt.boot", "top.built.6.12-rt.net.ping",  //
                          "top.built.6.1.boot", "top.built.6.1.net.ping",          //
                          "top.built.next_1+.boot", "top.built.next_1+.net.ping",  //
                          "top.last"));
  EXPECT_TRUE(tree.diagnostics.empty()) << testing::PrintToString(tree.diagnostics.messages());
  EXPECT_THAT(tree.differences.lines(), IsEmpty());
}

TEST(Variants, are_known_to_all_below_and_to_nothing_else) {
  TestTree tree;
  tree.test("010_out").group("020_g", "# VARIANTS: a b\n").test("020_g/t").test("020_g/sub/u");
  const Group& root = tree.load();
  EXPECT_EQ(root.variant, "");
  EXPECT_EQ(find(root, "out").group->variant, "");
  EXPECT_EQ(find(root, "g.a.t").group->variant, "a");
  EXPECT_EQ(find(root, "g.b.t").group->variant, "b");
  EXPECT_EQ(find(root, "g.b.sub.u").group->variant, "b");
  EXPECT_EQ(find(root, "g.a.t").directory, find(root, "g.b.t").directory);
}

TEST(Variants, add_their_labels_to_those_of_the_group) {
  TestTree tree;
  tree.group("g", "# LABELS: slow\n# VARIANTS: a b=!s390x,kvm c=!arm64,!s390x\n")
      .test("g/t", "# LABELS: net\n")
      .test("g/sub/u");
  const Group& root = tree.load();
  EXPECT_EQ(find(root, "g.a.t").labels.str(","), "net,slow");
  EXPECT_EQ(find(root, "g.b.t").labels.str(","), "!s390x,kvm,net,slow");
  EXPECT_EQ(find(root, "g.c.t").labels.str(","), "!arm64,!s390x,net,slow");
  EXPECT_EQ(find(root, "g.b.sub.u").labels.str(","), "") << "the outer group is asked by itself";
  EXPECT_THAT(case_labels(root), ElementsAre("arm64", "kvm", "net", "s390x", "slow"));

  const ArchTable arches = ArchTable::builtin();
  const auto selection = [&](const char* name, const char* arch) {
    const Arch& target = arches.find(arch);
    return select(find(root, name), present_labels("slow", target, arches), target, arches);
  };
  EXPECT_EQ(selection("g.c.sub.u", "amd64"), Selection::selected);
  EXPECT_EQ(selection("g.c.sub.u", "arm64"), Selection::other_arch);
  EXPECT_EQ(selection("g.a.sub.u", "arm64"), Selection::selected);
}

TEST(Variants, have_the_headers_of_their_group) {
  TestTree tree;
  tree.group("g", "# VARIANTS: a b\n# EXCLUSIVE: net\n# SUMMARY: s\n").test("g/t");
  const Group& root = tree.load();
  for (const char* name : {"g.a.t", "g.b.t"}) {
    EXPECT_EQ(find(root, name).group->headers.summary, "s");
    EXPECT_THAT(find(root, name).headers.exclusive, ElementsAre("net"));
  }
}

TEST(Variants, are_not_there_for_a_case_in_the_same_directory) {
  TestTree tree;
  tree.group("g", "# VARIANTS: a b\n").test("g").test("g/t");
  EXPECT_THAT(names(tree.load()), ElementsAre("g.a.t", "g.b.t", "g"));
}

TEST(Variants, keep_their_name_in_a_case_that_is_called_after_its_directory) {
  TestTree tree;
  tree.group("", "# NAME: top\n")
      .group("010_g", "# VARIANTS: a b\n")
      .test("010_g/010_t")
      .test("010_g/020_t")
      .group("020_g", "# VARIANTS: b\n")
      .test("020_g/010_t/x")
      .test("020_g/020_t");
  tree.test("020_g/010_t").test("030_g.a/t");
  EXPECT_THAT(names(tree.load()),
              ElementsAre("top.g.a.t", "top.g.a.020_t", "top.g.b.t", "top.g.b.020_t", "top.g.b.t.x",
                          "top.g.b.010_t", "top.020_g.b.020_t", "top.030_g.a.t"));
  EXPECT_TRUE(tree.diagnostics.empty()) << testing::PrintToString(tree.diagnostics.messages());
}

/// The one problem of a group g with this header.
std::string problem(const std::string& variants) {
  TestTree tree;
  tree.group("g", "#!/bin/sh\n# SUMMARY: s\n# VARIANTS: " + variants + "\n").test("g/t");
  tree.load();
  return text::join(tree.diagnostics.messages(), "\n");
}

TEST(Variants, with_wrong_values_are_told_with_their_line) {
  const std::string longest(64, 'x'), too_long = longest + "x";
  EXPECT_EQ(problem(longest + " b=c"), "");
  const std::string expected =
      ": expected NAME or NAME=LABEL,LABEL with a name of 1 to 64 letters, digits, '.', '-', '_' "
      "and '+'";
  for (const std::string item : {"6,12", "a/b", "a:b", "ä", "=slow", "=", "a*", too_long.c_str()}) {
    const std::string told = problem("a.1 " + item + " b");
    EXPECT_THAT(told, EndsWith("g/group.sh:3: VARIANTS: \"" + item + "\"" + expected));
  }
  for (const char* item : {"6=", "6=a,", "6=,a", "6=a,,b", "6=!", "6=a,!"}) {
    const std::string told = problem(std::string("a.1 ") + item + " b");
    EXPECT_THAT(told, EndsWith(std::string("g/group.sh:3: VARIANTS: \"") + item +
                               "\" has an empty label: expected NAME=LABEL,LABEL without blanks"));
  }
  EXPECT_THAT(problem("a b=x a=y"),
              EndsWith("g/group.sh:3: VARIANTS: \"a\" stands twice: keep one of them"));
  EXPECT_THAT(problem("a b\n# VARIANTS: c b"),
              EndsWith("g/group.sh:4: VARIANTS: \"b\" stands twice: keep one of them"));
}

TEST(Variants, where_there_can_be_none_are_told_once) {
  const auto problems = [](TestTree& tree) {
    tree.load();
    return text::join(tree.diagnostics.messages(), "\n");
  };
  TestTree of_a_case;
  of_a_case.test("t", "#!/bin/sh\n# VARIANTS: a , b\n");
  EXPECT_THAT(problems(of_a_case),
              EndsWith("/t/test.sh:2: VARIANTS: only a group.sh can have variants, not a case"));
  TestTree of_the_top;
  of_the_top.group("", "# NAME: top\n# VARIANTS: a a\n").test("t");
  EXPECT_THAT(problems(of_the_top),
              HasSubstr("/group.sh:2: VARIANTS: the topmost group cannot have variants"));
  TestTree nested;
  nested.group("g", "# VARIANTS: a b c\n")
      .group("g/sub/h", "\n# VARIANTS: x y\n# VARIANTS: z\n")
      .test("g/sub/h/t");
  const std::string told = problems(nested);
  EXPECT_THAT(told, EndsWith("/g/sub/h/group.sh:2: VARIANTS: a group above has variants already, "
                             "and they cannot be nested"));
  for (const TestTree* tree : {&of_a_case, &of_the_top, &nested})
    EXPECT_EQ(tree->diagnostics.messages().size(), 1u);
}

TEST(Variants, do_not_repeat_what_is_told_of_the_cases_below) {
  TestTree tree;
  tree.group("g", "# VARIANTS: a b c\n")
      .test("g/t", "# TIMEOUT: soon\n# LABELS: a, b\n")
      .write("g/sub/u/test.sh/file", "");
  tree.load();
  EXPECT_EQ(tree.diagnostics.messages().size(), 2u)
      << testing::PrintToString(tree.diagnostics.messages());
  ASSERT_EQ(tree.differences.lines().size(), 1u);
  EXPECT_THAT(tree.differences.lines()[0], testing::Not(HasSubstr("more)")));
}

}  // namespace
}  // namespace rtfx::runner
