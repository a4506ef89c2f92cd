// SPDX-License-Identifier: Apache-2.0
#include "runner/expression.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "runner/test_tree.hpp"

namespace rtfx::runner {
namespace {

const ArchTable arches = ArchTable::builtin();

class Expressions : public testing::Test {
 protected:
  Expressions() {
    tree_.group("", "# NAME: top\n# LABELS: all\n")
        .group("010_a", "# LABELS: outer\n")
        .test("010_a/010_g/010_slow", "# LABELS: slow, !quick\n")
        .test("010_a/020_t", "# REPEAT: 2\n")
        .test("020_b/t", "# LABELS: slow\n");
    tree_.load();
  }

  /// The units, without "top.", for which it is true.
  std::string select(const std::string& text, const std::string& arch = "amd64") {
    const Group& root = tree_.load();
    const NameIndex names(root);
    const Expression expression(text, root, names, arches);
    std::vector<std::string> units;
    for (const Case* test : all_cases(root)) {
      for (const char* iteration : {"", ".1", ".2"}) {
        const std::string unit = test->name + iteration;
        if (test->headers.repeated == (*iteration != '\0') &&
            expression.selects(*test, unit, arches.find(arch)))
          units.push_back(unit.substr(4));
      }
    }
    return text::join(units, " ");
  }

  std::string refusal(const std::string& text, ExitCode code = ExitCode::usage) {
    try {
      return "accepted: " + select(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      return error.what();
    }
  }

  TestTree tree_;
};

TEST_F(Expressions, predicates) {
  EXPECT_EQ(select("all()"), "a.g.slow a.t.1 a.t.2 b.t");
  EXPECT_EQ(select("none()"), "");
  EXPECT_EQ(select("label(slow)"), "a.g.slow b.t");
  EXPECT_EQ(select("label(outer)"), "a.g.slow a.t.1 a.t.2") << "from every group above";
  EXPECT_EQ(select("label(!quick)"), "a.g.slow");
  EXPECT_EQ(select("group(top.a)"), "a.g.slow a.t.1 a.t.2");
  EXPECT_EQ(select("group(top.a.g)"), "a.g.slow");
  EXPECT_EQ(select("name(top.a.t)"), "a.t.1 a.t.2");
  EXPECT_EQ(select("name(top.a.t.2)"), "a.t.2");
  EXPECT_EQ(select("name(*.t)"), "a.t.1 a.t.2 b.t");
  EXPECT_EQ(select("arch(amd64)"), select("all()"));
  EXPECT_EQ(select("arch(arm64)"), "");
  EXPECT_EQ(select("arch(arm64)", "arm64"), select("all()"));
}

TEST_F(Expressions, operators_and_their_order) {
  EXPECT_EQ(select("label(slow) & group(top.b)"), "b.t");
  EXPECT_EQ(select("label(slow) and not group(top.b)"), "a.g.slow");
  EXPECT_EQ(select("label(slow)-group(top.b)"), "a.g.slow");
  EXPECT_EQ(select("group(top.b) | group(top.a.g)"), "a.g.slow b.t");
  EXPECT_EQ(select("group(top.b) or group(top.a.g) and none()"), "b.t") << "and binds stronger";
  EXPECT_EQ(select("(group(top.b) or group(top.a.g)) and none()"), "");
  EXPECT_EQ(select("all() - label(slow) - name(top.a.t.1)"), "a.t.2") << "from left to right";
  EXPECT_EQ(select("! ! label(slow)"), "a.g.slow b.t");
  EXPECT_EQ(select("!(label(slow) | name(top.a.t.1))"), "a.t.2");
  EXPECT_EQ(select("  \n label ( slow )\t& !\ngroup( \"top.b\" ) "), "a.g.slow");
}

TEST_F(Expressions, wrong_syntax_is_told_with_its_column) {
  EXPECT_EQ(refusal("(label(slow)"), "expression:1:13: expected ')', got the end");
  EXPECT_EQ(refusal("label(slow"), "expression:1:11: expected ')', got the end");
  EXPECT_EQ(refusal("label(slow))"), "expression:1:12: this ')' closes nothing");
  EXPECT_EQ(refusal("label(slow) label(slow)"),
            "expression:1:13: expected &, |, - or the end, got \"label\"");
  EXPECT_EQ(refusal("label(slow) &"),
            "expression:1:14: expected a predicate, as label(slow), got the end");
  EXPECT_EQ(refusal("label(slow) &\n  & all()"),
            "expression:2:3: expected a predicate, as label(slow), got \"&\"");
  EXPECT_EQ(refusal("ü"), "expression:1:1: expected a predicate, as label(slow), got \"ü\"");
  EXPECT_EQ(refusal("labl(slow)"),
            "expression:1:1: there is no predicate \"labl\"; did you mean \"label\"?");
  EXPECT_EQ(refusal("slow"),
            "expression:1:1: there is no predicate \"slow\"; there are label, group, "
            "name, arch, all and none");
  EXPECT_EQ(refusal("label slow"), "expression:1:7: expected '(' after label, got \"slow\"");
  EXPECT_EQ(refusal("label()"), "expression:1:7: label() needs a text between the parentheses");
  EXPECT_EQ(refusal("all(x)"), "expression:1:5: expected ')', got \"x\"");
  EXPECT_EQ(refusal("label(\"slow)"), "expression:1:7: this '\"' has no second one");
  EXPECT_EQ(refusal("name(!top.a)"),
            "expression:1:6: the '!' belongs before name: write !name(...)");
  EXPECT_EQ(refusal(" "), "expression:1:2: expected a predicate, as label(slow), got the end");
}

TEST_F(Expressions, columns_are_characters) {
  EXPECT_EQ(refusal("name(top.a) & ü"),
            "expression:1:15: expected a predicate, as label(slow), got \"ü\"");
  EXPECT_EQ(refusal("label(\"ö\") x", ExitCode::nothing_to_run).substr(0, 16), "expression:1:7: ");
}

TEST_F(Expressions, unknown_names_are_told_with_the_nearest) {
  const auto unknown = [&](const std::string& text) {
    return refusal(text, ExitCode::nothing_to_run);
  };
  EXPECT_EQ(unknown("label(slwo)"),
            "expression:1:7: no case has the label \"slwo\"; did you mean \"slow\"?");
  EXPECT_EQ(unknown("all() | group(top.aa)"),
            "expression:1:15: there is no group \"top.aa\"; did you mean \"top.a\"?");
  EXPECT_EQ(unknown("group(top.b.t)"),
            "expression:1:7: \"top.b.t\" is a case and no group: write name(top.b.t)");
  EXPECT_EQ(unknown("name(top.x*)").substr(0, 41), "expression:1:6: no case matches \"top.x*\";");
  EXPECT_EQ(unknown("arch(arm46)"),
            "expression:1:6: there is no arch \"arm46\"; did you mean \"arm64\"?");
}

TEST_F(Expressions, deep_nesting_is_refused_and_length_is_no_problem) {
  EXPECT_EQ(refusal(std::string(10000, '(') + "all()" + std::string(10000, ')')),
            "expression:1:201: more than 200 parentheses are open");
  EXPECT_EQ(select(std::string(200, '(') + "all()" + std::string(200, ')')), select("all()"));
  EXPECT_EQ(select(std::string(100000, '!') + "none()"), "");
  std::string chain = "none()";
  for (int i = 0; i < 20000; ++i) chain += " | label(slow)";
  EXPECT_EQ(select(chain), "a.g.slow b.t");
}

TEST_F(Expressions, any_text_is_either_read_or_refused) {
  const std::string_view pieces[] = {"label(slow)", "(",     ")",    "&",  "|",     "!",
                                     "-",           " and ", "not ", "or", "all()", "\"",
                                     "name(",       "\\",    "ü",    "\n"};
  unsigned seed = 1;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (unsigned i = 0; i < 1 + seed % 9; ++i) {
      seed = seed * 1103515245u + 12345u;
      text += pieces[(seed >> 16) % std::size(pieces)];
    }
    try {
      select(text);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::StartsWith("expression:")) << text;
    }
  }
}

}  // namespace
}  // namespace rtfx::runner
