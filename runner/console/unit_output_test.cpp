// SPDX-License-Identifier: Apache-2.0
#include "runner/console/unit_output.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace rtfx::console {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LineCutter, makes_lines_of_pieces) {
  std::vector<std::string> lines;
  const LineCutter::Take take = [&](const std::string& line) { lines.push_back(line); };
  LineCutter cutter;
  cutter.add("one\ntw", take);
  cutter.add("o\n\nend", take);
  EXPECT_THAT(lines, ElementsAre("one", "two", ""));
  cutter.end(take);
  cutter.end(take);
  EXPECT_THAT(lines, ElementsAre("one", "two", "", "end"));
}

TEST(LineCutter, a_line_without_an_end_comes_in_pieces) {
  std::size_t most = 0, all = 0;
  const LineCutter::Take take = [&](const std::string& line) {
    most = std::max(most, line.size());
    all += line.size();
  };
  LineCutter cutter;
  for (int i = 0; i < 100; ++i) cutter.add(std::string(10000, 'x'), take);
  cutter.end(take);
  EXPECT_EQ(all, 1000000u);
  EXPECT_EQ(most, 64u * 1024);
}

TEST(HeldText, gives_back_what_was_added_once) {
  std::string all;
  const auto give = [&](const std::string& piece) { all += piece; };
  HeldText held;
  held.release(give);
  EXPECT_EQ(all, "");
  const std::string much(200000, 'x');
  held.add(much);
  held.add("end");
  held.release(give);
  EXPECT_EQ(all, much + "end");
  held.release(give);
  EXPECT_EQ(all, much + "end");
}

TEST(Tail, has_the_last_lines) {
  Tail tail;
  EXPECT_THAT(tail.lines(3), IsEmpty());
  tail.add("one\ntwo\nthr");
  tail.add("ee\nfour\n");
  EXPECT_THAT(tail.lines(3), ElementsAre("two", "three", "four"));
  EXPECT_THAT(tail.lines(10), ElementsAre("one", "two", "three", "four"));
}

TEST(Tail, shows_what_a_terminal_would) {
  Tail tail;
  tail.add("10%\r20%\r30%\r\nbell \a and \xff\n");
  EXPECT_THAT(tail.lines(3), ElementsAre("30%", "bell \\x07 and \\xff"));
}

TEST(Tail, keeps_little_of_much) {
  Tail tail;
  const std::string piece(64 * 1024, 'x');
  for (int i = 0; i < 100; ++i) tail.add(piece);
  tail.add("\nlast\n");
  const auto lines = tail.lines(10);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_LE(lines[0].size(), Tail::most);
  EXPECT_EQ(lines[1], "last");
  for (int i = 0; i < 100000; ++i) tail.add("line\n");
  EXPECT_THAT(tail.lines(2), ElementsAre("line", "line"));
}

TEST(Tail, does_not_begin_within_a_character) {
  Tail tail;
  std::string many;
  for (std::size_t i = 0; i < Tail::most; ++i) many += "ö";
  tail.add("x" + many);
  const auto lines = tail.lines(1);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].substr(0, 2), "ö");
}

}  // namespace
}  // namespace rtfx::console
