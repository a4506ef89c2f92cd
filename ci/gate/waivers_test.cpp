// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/waivers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rtfx::gate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> problems(const std::string& text) {
  Diagnostics diagnostics;
  parse_waivers(text, "w/waivers.yml", {"amd64", "arm64"}, diagnostics);
  return diagnostics.messages();
}

std::vector<Waiver> parse(const std::string& text) {
  Diagnostics diagnostics;
  std::vector<Waiver> waivers =
      parse_waivers(text, "w/waivers.yml", {"amd64", "arm64"}, diagnostics);
  EXPECT_THAT(diagnostics.messages(), IsEmpty());
  return waivers;
}

const std::string good =
    "- case: x.boot\n  arch: [arm64]\n  reason: the board is broken\n  author: Ann\n"
    "  expires: 2026-12-31\n";

TEST(Waivers, are_read_with_their_place) {
  const std::vector<Waiver> waivers = parse("# why\n" + good + "- {case: 'y.*', arch: all, " +
                                            "reason: r, author: a, expires: 2028-02-29}\n");
  ASSERT_EQ(waivers.size(), 2u);
  EXPECT_EQ(
      waivers[0],
      (Waiver{"x.boot", {"arm64"}, "the board is broken", "Ann", "2026-12-31", "waivers.yml:2"}));
  EXPECT_THAT(waivers[1].arches, IsEmpty());
  EXPECT_EQ(waivers[1].where, "waivers.yml:7");
  EXPECT_THAT(parse(""), IsEmpty());
  EXPECT_THAT(parse("[]"), IsEmpty());
}

TEST(Waivers, cover_a_case_a_group_or_a_glob_and_nothing_but_cases) {
  const auto covers = [](const std::string& pattern, const results::UnitId& unit) {
    return Waiver{pattern, {}, "r", "a", "2026-12-31", ""}.covers(unit);
  };
  EXPECT_TRUE(covers("x.boot", {"case", "x.boot", "amd64"}));
  EXPECT_TRUE(covers("x.boot", {"case", "x.boot.2", "amd64"})) << "an iteration";
  EXPECT_TRUE(covers("x", {"case", "x.boot", "amd64"})) << "a group";
  EXPECT_FALSE(covers("x.bo", {"case", "x.boot", "amd64"})) << "not the start of a name";
  EXPECT_TRUE(covers("x.b*", {"case", "x.boot", "amd64"}));
  EXPECT_FALSE(covers("*", {"package", "org/redis:1", "amd64"}));
  EXPECT_FALSE(covers("*", {"image", "x", "amd64"}));
  Waiver arm64 = parse(good).front();
  EXPECT_FALSE(arm64.covers({"case", "x.boot", "amd64"}));
  EXPECT_TRUE(arm64.covers({"case", "x.boot", "arm64"}));
}

TEST(Waivers, hold_until_the_end_of_their_last_day) {
  const Waiver waiver = parse(good).front();
  EXPECT_FALSE(waiver.expired("2026-12-31"));
  EXPECT_TRUE(waiver.expired("2027-01-01"));
}

TEST(Waivers, wrong_ones_are_told_with_file_and_line) {
  EXPECT_THAT(problems("case: x\n"),
              ElementsAre("w/waivers.yml:1: expected a list of waivers, got a map"));
  EXPECT_THAT(problems("- {case: x, arch: all, reason: r, author: a, expires: 2026-02-30}\n"),
              ElementsAre("w/waivers.yml:1: expires: expected a date, YYYY-MM-DD, got "
                          "\"2026-02-30\""));
  EXPECT_THAT(problems("- {case: x, arch: arm46, reason: r, author: a, expires: 2026-02-28}\n"),
              ElementsAre("w/waivers.yml:1: arch: the project has no arch \"arm46\"; did you mean "
                          "\"arm64\"?"));
  EXPECT_THAT(problems("- {case: x, arch: all, reason: ' ', author: a, expires: 2026-02-28}\n"),
              ElementsAre("w/waivers.yml:1: reason: must not be blank"));
  EXPECT_FALSE(
      problems("- {case: x, arch: all, reason: '', author: a, expires: 2026-02-28}\n").empty());
  for (const char* missing : {"case", "arch", "reason", "author", "expires"}) {
    std::string text = "- z: 0\n";
    for (const char* key : {"case", "arch", "reason", "author", "expires"}) {
      if (std::string(key) != missing)
        text += std::string("  ") + key + (std::string(key) == "arch" ? ": all" : ": 2026-01-01") +
                "\n";
    }
    const std::vector<std::string> told = problems(text);
    ASSERT_EQ(told.size(), 2u) << missing << ": that it is missing, and the unknown key z";
    EXPECT_THAT(told[0], testing::HasSubstr(missing));
  }
  EXPECT_FALSE(problems("- x\n").empty());
  EXPECT_FALSE(
      problems("- {case: x, arch: [], reason: r, author: a, expires: 2026-02-28}\n").empty());
}

}  // namespace
}  // namespace rtfx::gate
