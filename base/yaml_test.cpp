// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rtfx::yaml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> problems_of(const std::string& text) {
  Diagnostics diagnostics;
  const Node root = parse(text, "f.yml", diagnostics);
  MapReader reader(root, "thing", diagnostics);
  reader.required_string("image");
  reader.boolean("network");
  reader.integer("count");
  reader.strings("arches");
  reader.finish();
  return diagnostics.messages();
}

TEST(Yaml, a_good_file_has_no_problems) {
  EXPECT_THAT(problems_of("image: x\nnetwork: true\ncount: 010\narches: [amd64, no]\n"), IsEmpty());
}

TEST(Yaml, words_are_strings_where_a_string_is_wanted_and_numbers_are_decimal) {
  Diagnostics diagnostics;
  const Node root = parse("a: no\nb: 010\nc: 1.10\n", "f.yml", diagnostics);
  MapReader reader(root, "thing", diagnostics);
  EXPECT_EQ(reader.string("a"), "no");
  EXPECT_EQ(reader.integer("b"), 10);
  EXPECT_EQ(reader.string("c"), "1.10");
}

TEST(Yaml, an_unknown_key_is_named_with_its_line_and_a_suggestion) {
  EXPECT_THAT(problems_of("image: x\nnetwrk: true\n"),
              ElementsAre("f.yml:2: thing: unknown key \"netwrk\"; did you mean \"network\"?"));
}

TEST(Yaml, a_duplicate_key_is_an_error) {
  EXPECT_THAT(problems_of("image: x\ncount: 1\nimage: y\n"),
              ElementsAre(HasSubstr("f.yml:3: the key \"image\" is there twice")));
}

TEST(Yaml, wrong_types_are_all_reported_at_once) {
  EXPECT_THAT(problems_of("image: [x]\nnetwork: \"true\"\ncount: 1e3\narches: amd64\n"),
              ElementsAre("f.yml:1: thing.image: expected a string, got a list",
                          "f.yml:2: thing.network: expected true or false, got \"true\"",
                          "f.yml:3: thing.count: expected a whole number, got \"1e3\"",
                          "f.yml:4: thing.arches: expected a list of strings, got \"amd64\""));
}

TEST(Yaml, a_missing_required_key_is_an_error) {
  EXPECT_THAT(problems_of("count: 1\n"), ElementsAre("f.yml:1: thing: \"image\" is missing"));
  EXPECT_THAT(problems_of(""), ElementsAre(HasSubstr("\"image\" is needed")));
  EXPECT_THAT(problems_of("- a\n"), ElementsAre(HasSubstr("expected a map, got a list")));
}

TEST(Yaml, a_second_document_is_an_error) {
  EXPECT_THAT(problems_of("image: x\n---\nimage: y\n"),
              ElementsAre(HasSubstr("a second document")));
}

TEST(Yaml, a_syntax_error_names_its_line) {
  EXPECT_THAT(problems_of("image: x\narches: [a\n"), testing::Contains(HasSubstr("f.yml:")));
}

TEST(Yaml, an_alias_bomb_ends_in_an_error) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) bomb += previous + ", ";
    bomb += previous + "]\n";
  }
  Diagnostics diagnostics;
  parse(bomb, "f.yml", diagnostics);
  EXPECT_THAT(diagnostics.messages(),
              ElementsAre(HasSubstr("too large once its aliases are expanded")));
}

TEST(Yaml, a_missing_file_is_a_diagnostic) {
  Diagnostics diagnostics;
  parse_file("/nonexistent/x.yml", diagnostics);
  EXPECT_THAT(diagnostics.messages(),
              ElementsAre("reading /nonexistent/x.yml: No such file or directory"));
}

}  // namespace
}  // namespace rtfx::yaml
