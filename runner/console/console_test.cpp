// SPDX-License-Identifier: Apache-2.0
#include "runner/console/console.hpp"

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

}  // namespace
}  // namespace rtfx::console
