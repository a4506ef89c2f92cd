// SPDX-License-Identifier: Apache-2.0
//
// Where a console's bytes go: logs, a terminal, a reader that may be slow.
#include <gmock/gmock.h>

#include <chrono>
#include <latch>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/vm/console_log.hpp"
#include "harness/vm/console_relay.hpp"
#include "harness/vm/terminal_filter.hpp"

namespace rtfx::vm {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(ConsoleLog, has_everything_up_to_its_limit) {
  const TemporaryDirectory directory;
  const std::string bytes("a\0\xff\r\n", 5);
  ConsoleLog log(directory.path() / "log", 10);
  log.write(bytes);
  log.write(bytes);
  log.finish();
  EXPECT_EQ(read_file(directory.path() / "log"), bytes + bytes);
  EXPECT_EQ(log.left_out(), 0u);
}

TEST(ConsoleLog, keeps_the_beginning_and_the_end_of_more) {
  for (const std::size_t piece : {1u, 3u, 7u, 100u}) {
    const TemporaryDirectory directory;
    ConsoleLog log(directory.path() / "log", 10);
    std::string bytes;
    for (int i = 0; i < 10; ++i) bytes += "0123456789";
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      log.write(std::string_view(bytes).substr(at, piece));
    log.finish();
    EXPECT_EQ(read_file(directory.path() / "log"),
              "01234\n[rtfx: 90 bytes are left out here]\n56789")
        << piece;
    EXPECT_EQ(log.left_out(), 90u);
  }
}

TEST(TimedLog, tells_when_a_line_began) {
  const TemporaryDirectory directory;
  TimedLog log(directory.path() / "log", 1000);
  log.write("[    0.000000] Linux\r\nno", 0.5);
  log.write("w\x1b[31m red\n\n", 1.25);
  log.write("login: ", 12345.6789);
  log.write("root", 20000);
  log.finish();
  EXPECT_EQ(read_file(directory.path() / "log"),
            "     0.500  [    0.000000] Linux\n"
            "     0.500  now red\n"
            " 12345.679  login: root\n");
}

std::string filtered(std::string_view bytes) {
  TerminalFilter whole, cut;
  const std::string result = whole.feed(bytes);
  std::string pieces;
  for (const char c : bytes) pieces += cut.feed(std::string_view(&c, 1));
  EXPECT_EQ(pieces, result);
  return result;
}

TEST(TerminalFilter, passes_text_and_colours_only) {
  EXPECT_EQ(filtered("a\tb\r\nc\bd"), "a\tb\r\nc\bd");
  EXPECT_EQ(filtered("\x1b[1;31mred\x1b[0m\x1b[38:5:1mx"), "\x1b[1;31mred\x1b[0m\x1b[38:5:1mx");
  EXPECT_EQ(filtered("a\x1b[2J\x1b[6n\x1b[?25l\x1b[>cb"), "ab");
  EXPECT_EQ(filtered("a\x1b]0;title\x07"
                     "b\x1bP+q544e\x1b\\c\x1b_x\x1b\\d"),
            "abcd");
  EXPECT_EQ(filtered("a\x1b"
                     "cb\x1b(0c\x0e\x07\x05\x7f"),
            "abc");
  EXPECT_EQ(filtered("h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            "h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(filtered("\xff\x9b"
                     "31m\xc2\x9b"
                     "31m\xe2\x82z"),
            "??31m?31m?z");
  EXPECT_EQ(filtered("\x1b[" + std::string(200, '1') + "mx"), "x");
  EXPECT_EQ(filtered("a\x1b]never ends\nb"), "a\nb");
}

TEST(TerminalFilter, brings_the_colours_back) {
  TerminalFilter filter;
  filter.feed("plain");
  EXPECT_EQ(filter.finish(), "");
  filter.feed("\x1b[1m");
  EXPECT_EQ(filter.finish(), "\x1b[0m");
}

TEST(ConsoleRelay, hands_on_everything_in_order) {
  std::string seen;
  ConsoleRelay relay([&](std::string_view bytes) { seen += bytes; });
  std::string given;
  for (int i = 0; i < 10000; ++i) {
    const std::string piece = std::to_string(i) + " ";
    given += piece;
    relay.put(piece, {});
  }
  relay.finish();
  EXPECT_EQ(seen, given);
}

TEST(ConsoleRelay, does_not_wait_for_a_reader_when_it_is_to_stop) {
  std::latch go(1);
  {
    ConsoleRelay relay([&](std::string_view) { go.wait(); });
    std::stop_source stop;
    std::jthread stopper([&] {
      std::this_thread::sleep_for(100ms);
      stop.request_stop();
    });
    const std::string piece(ConsoleRelay::most_waiting / 4, 'x');
    for (int i = 0; i < 20; ++i) relay.put(piece, stop.get_token());
    go.count_down();
  }
  SUCCEED();
}

TEST(ConsoleRelay, tells_what_the_reader_has_thrown) {
  ConsoleRelay relay([](std::string_view) { throw Error("gone"); });
  relay.put("x", {});
  EXPECT_THROW(relay.finish(), Error);
  EXPECT_THROW(relay.put("y", {}), Error);
}

}  // namespace
}  // namespace rtfx::vm
