// SPDX-License-Identifier: Apache-2.0
#include "runner/console/console.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "harness/process/fake_loop.hpp"
#include "runner/console/test_terminal.hpp"

namespace rtfx::console {
namespace {

using namespace std::chrono_literals;
using process::Stream;
using results::Result;
using results::UnitFinished;
using results::UnitId;
using testing::HasSubstr;
using testing::Not;

UnitId unit(const std::string& name) { return {"case", name, "amd64"}; }

UnitFinished finished(const std::string& name, Result result, const std::string& reason = "") {
  UnitFinished unit_finished;
  unit_finished.unit = unit(name);
  unit_finished.result = result;
  unit_finished.reason = reason;
  unit_finished.elapsed = 20ms;
  return unit_finished;
}

/// A console whose output is kept, and a run that it is told of.
class ConsoleTest : public testing::Test {
 protected:
  ConsoleTest() {
    ::unsetenv("CI");
    ::setenv("TERM", "xterm", 1);
    options.out = out.fd;
    options.err = err.fd;
    options.in = -1;
    options.clock = [] { return std::chrono::system_clock::time_point(1700000000s); };
    run.id = "ID";
    run.folder = "/results/ID";
    run.labels = "linux, slow";
    run.cases = 40;
  }

  Console& console() {
    if (!console_) {
      console_ = std::make_unique<Console>(options);
      if (terminal) console_->attach(loop);
      console_->run_started(run);
    }
    return *console_;
  }

  void plan(const std::string& name, const std::string& issue = "") {
    results::UnitPlanned planned;
    planned.unit = unit(name);
    planned.issue = issue;
    tell({planned});
  }
  void start(const std::string& name, int attempt = 1) {
    tell({results::UnitStarted{unit(name), attempt}});
  }
  void retry(const std::string& name, int attempt, const std::string& reason) {
    tell({results::UnitRetried{unit(name), attempt, Result::fail, reason, 30ms, false, "LOG"}});
  }
  void end(const UnitFinished& unit_finished) { tell({unit_finished}); }
  void tell(results::Event event) {
    event.time = std::chrono::system_clock::time_point(time);
    console().event(event);
  }

  /// Standard error becomes a terminal.
  void on_terminal(std::size_t columns, std::size_t rows) {
    terminal = std::make_unique<TestTerminal>(columns, rows);
    options.err = terminal->fd;
  }
  void wait(std::chrono::milliseconds how_long) {
    loop.after(how_long, [this] { loop.stop(); });
    loop.run();
  }

  TestFile out, err;
  process::FakeLoop loop;
  std::unique_ptr<TestTerminal> terminal;
  ConsoleOptions options;
  runner::RunInfo run;
  std::chrono::seconds time{1000};
  std::unique_ptr<Console> console_;
};

TEST_F(ConsoleTest, one_line_per_case_as_rtf_has_it) {
  plan("top.known", "https://example.org/1");
  start("top.pass");
  end(finished("top.pass", Result::pass));
  UnitFinished fast = finished("top.fast", Result::pass);
  fast.benchmark = "42";
  end(fast);
  UnitFinished bad = finished("top.known", Result::fail, "exit 3: no\x1b such file");
  bad.log = "top.known.log";
  end(bad);
  end(finished("top.late", Result::timeout, "more than 1 s"));
  end(finished("top.broken", Result::error, "init of the group top failed: exit 1"));
  end(finished("top.skipped", Result::skip, "needs label slow"));
  end(finished("top.off", Result::cancel, "exit 253"));
  UnitFinished cached = finished("top.cached", Result::pass);
  cached.reused_from = "OLD";
  end(cached);
  UnitFinished leaked = finished("top.leaked", Result::pass);
  leaked.leaked = true;
  end(leaked);
  EXPECT_EQ(out.text(), "LABELS: linux, slow\nID: ID\n");
  EXPECT_EQ(err.text(), R"([PASS    ] top.pass 0.02s
[PASS    ] top.fast 0.02s [Benchmark: 42]
[FAIL    ] top.known 0.02s [maybe: https://example.org/1]
           exit 3: no\x1b such file
           log: /results/ID/top.known.log
[TIMEOUT ] top.late 0.02s
           more than 1 s
[ERROR   ] top.broken 0.02s
           init of the group top failed: exit 1
[SKIP    ] top.skipped 0.02s (needs label slow)
[CANCEL  ] top.off 0.02s (exit 253)
[CACHED  ] top.cached 0.02s (passed in OLD)
[PASS    ] top.leaked 0.02s (left processes behind, which were ended)
)");
}

TEST_F(ConsoleTest, scripts_of_groups_are_named_only_when_something_is_wrong) {
  for (const Result result : {Result::pass, Result::skip, Result::fail}) {
    UnitFinished script = finished("top.init", result, "exit 1");
    script.unit.kind = "group";
    end(script);
  }
  UnitFinished leaves = finished("top.init", Result::pass);
  leaves.unit.kind = "group";
  leaves.leaked = true;
  end(leaves);
  EXPECT_EQ(err.text(),
            "[FAIL    ] top.init 0.02s\n           exit 1\n"
            "[PASS    ] top.init 0.02s (left processes behind, which were ended)\n");
}

TEST_F(ConsoleTest, attempts_are_told) {
  start("top.odd");
  retry("top.odd", 1, "exit 1");
  start("top.odd", 2);
  retry("top.odd", 2, "exit 2");
  start("top.odd", 3);
  end(finished("top.odd", Result::pass));
  EXPECT_EQ(err.text(), R"([RETRY   ] top.odd 0.03s attempt 1: exit 1
[RETRY   ] top.odd 0.03s attempt 2: exit 2
[FLAKY   ] top.odd 0.02s (passed at attempt 3)
)");
}

TEST_F(ConsoleTest, names_cannot_hurt_a_terminal) {
  end(finished("top.\x1b[31mred\nline", Result::pass));
  EXPECT_EQ(err.text(), "[PASS    ] top.\\x1b[31mred line 0.02s\n");
}

TEST_F(ConsoleTest, output_is_shown_when_asked_for) {
  options.verbosity = 2;
  options.one_at_a_time = true;
  start("top.a");
  console().output(unit("top.a"), Stream::out, "one\ntw");
  console().output(unit("top.a"), Stream::err, "bad\xff\n");
  console().output(unit("top.a"), Stream::out, "o");
  end(finished("top.a", Result::pass));
  EXPECT_EQ(err.text(), R"([INFO    ] 2023-11-14T22:13:20.000000000Z: Running test top.a
[STDOUT  ] 2023-11-14T22:13:20.000000000Z: one
[STDERR  ] 2023-11-14T22:13:20.000000000Z: bad\xff
[STDOUT  ] 2023-11-14T22:13:20.000000000Z: two
[PASS    ] top.a 0.02s
)");
}

TEST_F(ConsoleTest, output_of_a_case_stays_together_also_of_each_attempt) {
  options.verbosity = 1;
  start("a");
  start("b");
  console().output(unit("a"), Stream::err, "a 1\n");
  console().output(unit("b"), Stream::err, "b 1\n");
  console().output(unit("a"), Stream::out, "not at this level\n");
  retry("a", 1, "exit 1");
  start("a", 2);
  console().output(unit("a"), Stream::err, "a 2\n");
  end(finished("b", Result::pass));
  end(finished("a", Result::pass));
  EXPECT_EQ(err.text(), R"([STDERR  ] 2023-11-14T22:13:20.000000000Z: a 1
[RETRY   ] a 0.03s attempt 1: exit 1
[STDERR  ] 2023-11-14T22:13:20.000000000Z: b 1
[PASS    ] b 0.02s
[STDERR  ] 2023-11-14T22:13:20.000000000Z: a 2
[FLAKY   ] a 0.02s (passed at attempt 2)
)");
}

results::RunRecord record_of(const std::vector<UnitFinished>& units) {
  results::RunRecord record;
  record.start.run_id = "ID";
  record.start.host_version = "12";
  record.begin = std::chrono::system_clock::time_point(10s);
  record.end = std::chrono::system_clock::time_point(12s);
  record.finished = true;
  for (const UnitFinished& unit_finished : units) {
    results::UnitRecord unit_record;
    unit_record.planned.unit = unit_finished.unit;
    unit_record.finished = unit_finished;
    record.units.push_back(unit_record);
  }
  return record;
}

TEST_F(ConsoleTest, the_summary_of_a_short_run) {
  const auto bad = finished("b", Result::fail, "exit 1");
  end(bad);
  const std::string before = err.text();
  console().summary(record_of({finished("a", Result::pass), bad}));
  EXPECT_EQ(err.text().substr(before.size()), R"([SUMMARY ] LogDir: ID
[SUMMARY ] Version: 12
[SUMMARY ] Passed: 1
[SUMMARY ] Failed: 1
[SUMMARY ] Cancelled: 0
[SUMMARY ] Skipped: 0
[SUMMARY ] Duration: 2.00s
[SUMMARY ] Results: /results/ID
[SUMMARY ] 1 passed, 1 failed
)");
}

TEST_F(ConsoleTest, after_a_long_run_what_failed_is_said_once_more) {
  start("flaky");
  retry("flaky", 1, "exit 1");
  start("flaky", 2);
  end(finished("flaky", Result::pass));
  auto bad = finished("bad", Result::fail, "exit 1");
  bad.log = "bad.log";
  end(bad);
  for (int i = 0; i < 20; ++i) end(finished("good", Result::pass));
  const std::string before = err.text();
  auto record = record_of({finished("flaky", Result::pass), bad});
  record.units[0].retried.emplace_back();
  record.finished = false;
  tell({results::RunFinished{false, "interrupted by a signal"}});
  console().summary(record);
  const std::string said = err.text().substr(before.size());
  EXPECT_THAT(said, testing::StartsWith(R"([SUMMARY ] What failed or was flaky, once more:
[FLAKY   ] flaky 0.02s (passed at attempt 2)
[FAIL    ] bad 0.02s
           exit 1
           log: /results/ID/bad.log
[SUMMARY ] LogDir: ID
)"));
  EXPECT_THAT(said, testing::EndsWith(
                        "[SUMMARY ] 1 passed (1 flaky), 1 failed; interrupted by a signal\n"));
}

TEST_F(ConsoleTest, says_what_is_running_when_asked) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "console-status";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "top.slow.log") << "text";
  run.folder = folder;
  start("top.done");
  end(finished("top.done", Result::pass));
  start("top.slow", 2);
  for (int i = 0; i < 20; ++i)
    console().output(unit("top.slow"), Stream::out, "line " + std::to_string(i) + "\n");
  console().output(unit("top.slow"), Stream::err, "no\x1b newline");
  time += 65s;
  end(finished("top.skipped", Result::skip));
  const std::string before = err.text();
  console().status();
  EXPECT_EQ(err.text().substr(before.size()),
            "[STATUS  ] 2/40 done, 1 running, 1m05s\n"
            "[RUNNING ] top.slow 65.00s attempt 2\n"
            "           log: " +
                (folder / "top.slow.log").string() + R"(
           | line 11
           | line 12
           | line 13
           | line 14
           | line 15
           | line 16
           | line 17
           | line 18
           | line 19
           | no\x1b newline
)");
  std::filesystem::remove_all(folder);
}

TEST_F(ConsoleTest, several_arches_are_told_apart) {
  options.several_arches = true;
  end(finished("a", Result::pass));
  EXPECT_EQ(err.text(), "[PASS    ] a (amd64) 0.02s\n");
}

TEST_F(ConsoleTest, colours_only_when_asked_for) {
  options.colour = true;
  end(finished("a", Result::pass));
  EXPECT_EQ(err.text(), "\x1b[1;32m[PASS    ]\x1b[0m a 0.02s\n");
}

TEST_F(ConsoleTest, standard_output_may_belong_to_others) {
  options.opening_lines = false;
  end(finished("a", Result::pass));
  EXPECT_EQ(out.text(), "");
}

// ---- on a terminal

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
