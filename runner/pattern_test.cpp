// SPDX-License-Identifier: Apache-2.0
#include "runner/pattern.hpp"

#include <gmock/gmock.h>

#include "runner/test_tree.hpp"

namespace rtfx::runner {
namespace {

TEST(Glob, matches_whole_names) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*c", "a.b.c"));
  EXPECT_FALSE(glob_matches("a*c", "a.b.cd"));
  EXPECT_TRUE(glob_matches("*.b", "a.b"));
  EXPECT_TRUE(glob_matches("a?c", "a.c"));
  EXPECT_TRUE(glob_matches("a?c", "aüc"));
  EXPECT_FALSE(glob_matches("a?c", "ac"));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_TRUE(glob_matches("**a**", "xax"));
}

TEST(Glob, sets_of_characters) {
  EXPECT_TRUE(glob_matches("[a-c]x", "bx"));
  EXPECT_FALSE(glob_matches("[a-c]x", "dx"));
  EXPECT_TRUE(glob_matches("[!a-c]x", "dx"));
  EXPECT_FALSE(glob_matches("[^a-c]x", "ax"));
  EXPECT_TRUE(glob_matches("[]]", "]"));
  EXPECT_TRUE(glob_matches("[a-]", "-"));
  EXPECT_FALSE(glob_matches("[a-c]", ""));
  EXPECT_TRUE(glob_matches("[a", "[a")) << "not closed, so it stands for itself";
  EXPECT_TRUE(glob_matches("\\*", "*"));
  EXPECT_FALSE(glob_matches("\\*", "a"));
  EXPECT_TRUE(glob_matches("a\\", "a\\"));
}

TEST(Glob, takes_no_long_time) {
  const std::string text(20000, 'a');
  std::string glob;
  for (int i = 0; i < 50; ++i) glob += "*a";
  EXPECT_FALSE(glob_matches(glob + "b", text));
}

class Patterns : public testing::Test {
 protected:
  Patterns() {
    tree_.group("", "# NAME: top\n")
        .test("010_foo/010_bar")
        .test("010_foo/020_bar_baz")
        .test("020_food/010_t", "# REPEAT: 3 slow:5\n")
        .test("030_kernel/5.4.x/t");
    tree_.load();
  }
  /// The cases, without "top.", that it names.
  std::string named(const std::string& text, bool prefix_only = false) {
    const Group& root = tree_.load();
    const NameIndex names(root);
    const Pattern pattern(text, names, prefix_only);
    std::string all;
    for (const Case* test : all_cases(root)) {
      if (pattern.matches(*test)) all += (all.empty() ? "" : " ") + test->name.substr(4);
    }
    return all;
  }
  TestTree tree_;
};

TEST_F(Patterns, full_names_are_exact) {
  EXPECT_EQ(named("top.foo.bar"), "foo.bar");
  EXPECT_EQ(named("top.foo"), "foo.bar foo.bar_baz");
  EXPECT_EQ(named("top.foo.bar", true), "foo.bar foo.bar_baz");
  EXPECT_EQ(named("top.foo", true), "foo.bar foo.bar_baz food.t");
}

TEST_F(Patterns, anything_else_is_the_start_of_names) {
  EXPECT_EQ(named(""), "foo.bar foo.bar_baz food.t kernel.5.4.x.t");
  EXPECT_EQ(named("top.fo"), "foo.bar foo.bar_baz food.t");
  EXPECT_EQ(named("top.kernel.5.4"), "kernel.5.4.x.t");
  EXPECT_EQ(named("bar"), "");
}

TEST_F(Patterns, globs_take_cases_groups_and_iterations) {
  EXPECT_EQ(named("*.bar"), "foo.bar");
  EXPECT_EQ(named("top.foo?"), "food.t");
  EXPECT_EQ(named("top.kernel.5.?"), "") << "a part of a directory's name is no group";
  EXPECT_EQ(named("*.t.3"), "food.t");
  EXPECT_EQ(named("*.t.6"), "");
}

TEST_F(Patterns, variants_are_groups_whatever_dots_and_digits_they_have) {
  tree_.group("built", "# VARIANTS: 6.12 6.1 2\n")
      .test("built/boot", "# REPEAT: 2\n")
      .test("built/sub/12");
  EXPECT_EQ(named("top.built.6.1"), "built.6.1.boot built.6.1.sub.12");
  EXPECT_EQ(named("top.built.6.12"), "built.6.12.boot built.6.12.sub.12");
  EXPECT_EQ(named("top.built.2"), "built.2.boot built.2.sub.12");
  EXPECT_EQ(named("top.built.6"),
            "built.6.12.boot built.6.12.sub.12 built.6.1.boot built.6.1.sub.12");
  EXPECT_EQ(named("top.built.?"), "built.2.boot built.2.sub.12");
  EXPECT_EQ(named("*.boot"), "built.6.12.boot built.6.1.boot built.2.boot");
  EXPECT_EQ(named("top.built.6.1.boot.2"), "built.6.1.boot");
  EXPECT_EQ(named("top.built.6.1.boot.3"), "");
  EXPECT_EQ(named("top.built.6.1.sub.12"), "built.6.1.sub.12");
  EXPECT_EQ(named("top.built.6.13"), "");
}

TEST_F(Patterns, iterations) {
  EXPECT_EQ(named("top.food.t.1"), "food.t");
  EXPECT_EQ(named("top.food.t.5"), "food.t") << "with the label slow";
  EXPECT_EQ(named("top.food.t.6"), "");
  EXPECT_EQ(named("top.food.t.01"), "");
  EXPECT_EQ(named("top.food.t.0"), "");
  EXPECT_EQ(named("top.foo.bar.1"), "");
}

}  // namespace
}  // namespace rtfx::runner
