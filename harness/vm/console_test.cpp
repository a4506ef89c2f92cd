// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/console.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace rtfx::vm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Seen {
  std::vector<std::string> lines;
  std::string unfinished;
};

/// The lines of these bytes, fed in pieces of `size`.
Seen lines_of(std::string_view bytes, std::size_t size = 1 << 20) {
  Seen seen;
  ConsoleLines lines;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    lines.feed(bytes.substr(at, size),
               [&](std::string_view line) { seen.lines.emplace_back(line); });
  }
  seen.unfinished = lines.unfinished();
  return seen;
}

TEST(ConsoleLines, ends_lines_at_any_mix_of_CR_and_LF) {
  EXPECT_THAT(lines_of("one\ntwo\r\nthree\r\r\n\nfour\rfive\n").lines,
              ElementsAre("one", "two", "three", "four", "five"));
}

TEST(ConsoleLines, keeps_what_has_no_end_yet) {
  const auto seen = lines_of("boot\nlogin: ");
  EXPECT_THAT(seen.lines, ElementsAre("boot"));
  EXPECT_EQ(seen.unfinished, "login: ");
}

TEST(ConsoleLines, leaves_out_escape_sequences_and_control_characters) {
  struct {
    const char* what;
    std::string bytes, line;
  } const cases[] = {
      {"colour", "\x1b[1;32mgreen\x1b[0m text\n", "green text"},
      {"private mode", "\x1b[?7l\x1b[2J\x1b[0mSeaBIOS\n", "SeaBIOS"},
      {"reset",
       "\x1b"
       "cBooting\n",
       "Booting"},
      {"title ended by BEL", "\x1b]0;a title\x07shell\n", "shell"},
      {"title ended by ST", "\x1b]0;a title\x1b\\shell\n", "shell"},
      {"character set", "\x1b(Bascii\n", "ascii"},
      {"two ESC", "\x1b\x1b[31mred\n", "red"},
      {"ESC inside a sequence", "\x1b[3\x1b[31mred\n", "red"},
      {"broken sequence ends with the line", "\x1b]never ended\nnext\n", "next"},
      {"control characters", std::string("a\0b\bc\x7f\x01", 7) + "\td\n", "abc\td"},
      {"bytes that are no text", "\xff\xfe caf\xc3\xa9\n", "\xff\xfe caf\xc3\xa9"},
  };
  for (const auto& [what, bytes, line] : cases) {
    EXPECT_THAT(lines_of(bytes).lines, ElementsAre(line)) << what;
    EXPECT_THAT(lines_of(bytes, 1).lines, ElementsAre(line)) << what << ", byte by byte";
  }
}

TEST(ConsoleLines, bounds_a_line_that_never_ends) {
  const auto seen = lines_of(std::string(3 * ConsoleLines::longest_line, 'x') + "y\n", 1000);
  ASSERT_EQ(seen.lines.size(), 4u);
  EXPECT_EQ(seen.lines[0].size(), ConsoleLines::longest_line);
  EXPECT_EQ(seen.lines[3], "y");
  EXPECT_EQ(lines_of("\x1b]" + std::string(1 << 22, 'x')).unfinished, "");
}

TEST(ConsoleLines, reports_no_empty_lines) {
  EXPECT_THAT(lines_of("\n\r\n\x1b[0m\r\n").lines, IsEmpty());
}

}  // namespace
}  // namespace rtfx::vm
