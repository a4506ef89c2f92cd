// SPDX-License-Identifier: Apache-2.0
//
// The console on a terminal.
#include "runner/console/live_area.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "runner/console/fixture.hpp"

namespace rtfx::console {
namespace {

using process::Stream;
using testing::HasSubstr;
using testing::Not;

TEST_F(ConsoleTest, a_terminal_shows_what_is_running_below) {
  on_terminal(60, 24);
  start("top.first");
  wait(1s);
  start("top.second", 2);
  wait(100ms);
  EXPECT_EQ(terminal->text(),
            "0/40 done, 2 running, 1s\n     1s  top.first\n     0s  top.second, attempt 2\n");
  end(finished("top.first", Result::fail, "exit 1"));
  wait(100ms);
  EXPECT_EQ(terminal->text(),
            "[FAIL    ] top.first 0.02s\n           exit 1\n"
            "1/40 done, 1 failed, 1 running, 1s\n     0s  top.second, attempt 2\n");
  end(finished("top.second", Result::pass));
  tell({results::RunFinished{}});
  EXPECT_EQ(terminal->text(),
            "[FAIL    ] top.first 0.02s\n           exit 1\n[PASS    ] top.second 0.02s\n");
}

TEST_F(ConsoleTest, the_clock_goes_on_while_nothing_happens) {
  on_terminal(60, 24);
  start("a");
  wait(61200ms);
  EXPECT_EQ(terminal->text(), "0/40 done, 1 running, 1m01s\n  1m01s  a\n");
}

TEST_F(ConsoleTest, the_area_is_drawn_at_most_ten_times_a_second) {
  on_terminal(60, 24);
  for (int i = 0; i < 1000; ++i) {
    start("a");
    end(finished("a", Result::pass));
    start("b");
    if (i % 10 == 9) wait(10ms);
  }
  const std::string bytes = terminal->bytes();
  std::size_t draws = 0;
  for (auto at = bytes.find(" done, "); at != std::string::npos; at = bytes.find(" done, ", at + 1))
    ++draws;
  EXPECT_GE(draws, 5u);
  EXPECT_LE(draws, 10u);
}

TEST_F(ConsoleTest, more_than_fits_is_counted) {
  on_terminal(30, 6);
  for (int i = 0; i < 10; ++i) start("case" + std::to_string(i));
  wait(100ms);
  EXPECT_EQ(terminal->text(), R"(0/40 done, 10 running, 0s
     0s  case0
     0s  case1
     0s  case2
         and 7 more
)");
}

TEST_F(ConsoleTest, a_narrow_and_low_terminal_shows_what_fits) {
  on_terminal(20, 2);
  start("top.a.name.that.is.too.long");
  wait(100ms);
  EXPECT_EQ(terminal->text(), "0/40 done, 0s\n");
  terminal->resize(20, 3);
  wait(100ms);
  EXPECT_EQ(terminal->text(), "0/40 done, 0s\n     0s  top.a.n...\n");
}

TEST_F(ConsoleTest, a_terminal_of_one_line_has_no_area) {
  on_terminal(20, 1);
  start("a");
  wait(5s);
  EXPECT_EQ(terminal->bytes(), "");
}

TEST_F(ConsoleTest, wide_characters_are_cut_where_the_terminal_ends) {
  on_terminal(20, 10);
  start("日本語日本語日本語");
  wait(100ms);
  EXPECT_THAT(terminal->received(), testing::EndsWith("     0s  日本語..."));
}

TEST_F(ConsoleTest, without_a_capable_terminal_there_is_no_sequence) {
  on_terminal(60, 24);
  for (const char* reason : {"TERM", "CI", "plain"}) {
    ::setenv("TERM", reason == std::string("TERM") ? "dumb" : "xterm", 1);
    if (reason == std::string("CI")) ::setenv("CI", "true", 1);
    options.progress = reason != std::string("plain");
    console_.reset();
    start("a");
    wait(2s);
    end(finished("a", Result::pass));
    EXPECT_EQ(terminal->bytes(), "[PASS    ] a 0.02s\r\n") << reason;
    ::unsetenv("CI");
  }
}

TEST_F(ConsoleTest, what_is_running_is_said_above_the_area) {
  on_terminal(60, 24);
  start("a");
  console().output(unit("a"), Stream::out, "hello\n");
  wait(200ms);
  console().status();
  wait(100ms);
  EXPECT_EQ(terminal->text(), R"([STATUS  ] 0/40 done, 1 running, 0s
[RUNNING ] a 0.20s attempt 1
           | hello
0/40 done, 1 running, 0s
     0s  a
)");
}

TEST_F(ConsoleTest, a_stopped_terminal_does_not_hold_up_the_run) {
  on_terminal(60, 24);
  start("a");
  for (int i = 0; i < 20000; ++i) end(finished("b", Result::pass));
  wait(10s);
  end(finished("a", Result::pass));
  tell({results::RunFinished{}});
  // The person goes on reading.
  std::string got;
  for (int i = 0; i < 10000 && !got.ends_with("[PASS    ] a 0.02s\r\n"); ++i) {
    got += terminal->bytes();
    console().note("");
  }
  std::size_t lines = 0;
  for (auto at = got.find("[PASS"); at != std::string::npos; at = got.find("[PASS", at + 1))
    ++lines;
  EXPECT_EQ(lines, 20001u);
}

TEST_F(ConsoleTest, a_terminal_that_hangs_up_ends_nothing) {
  on_terminal(60, 24);
  start("a");
  wait(200ms);
  terminal->hang_up();
  end(finished("a", Result::pass));
  wait(5s);
  console().summary(record_of({}));
}

}  // namespace
}  // namespace rtfx::console
