// SPDX-License-Identifier: Apache-2.0
#include "runner/run.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "base/files.hpp"
#include "harness/process/fake_runner.hpp"
#include "results/event_log.hpp"
#include "runner/plan.hpp"
#include "runner/run_folder.hpp"
#include "runner/schedule.hpp"
#include "runner/script.hpp"
#include "runner/test_tree.hpp"

namespace rtfx::runner {
namespace {

using process::FakeRunner;
using results::Result;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const ArchTable arches = ArchTable::builtin();

struct Silent : Reporter {
  void run_started(const std::string&, const fs::path&, const std::string&) override {}
  void started(const results::UnitId&) override {}
  void output(const results::UnitId&, process::Stream, std::string_view) override {}
  void finished(const results::UnitFinished&) override {}
};

struct Run : testing::Test {
  Run() {
    options.results = folder.path() / "_results";
    options.id = "id";
    options.arches = {arches.find("amd64")};
  }

  results::RunRecord run(std::stop_token stop = {}) {
    return run_cases(tree.load(), options, arches, runner, reporter, stop);
  }

  /// "NAME:RESULT" of every unit in planned order.
  static std::vector<std::string> told(const results::RunRecord& record) {
    std::vector<std::string> lines;
    for (const auto& unit : record.units) {
      lines.push_back(unit.planned.unit.name + ":" +
                      (unit.finished ? results::result_name(unit.finished->result) : "missing"));
    }
    return lines;
  }

  std::vector<std::string> commands() const {
    std::vector<std::string> lines;
    for (const auto& command : runner.commands) {
      lines.push_back(command.cwd.filename().string() + " " +
                      fs::path(command.argv[1]).filename().string());
      for (std::size_t i = 2; i < command.argv.size(); ++i) lines.back() += " " + command.argv[i];
    }
    return lines;
  }

  TestTree tree;
  TemporaryDirectory folder;
  RunOptions options;
  FakeRunner runner;
  Silent reporter;
};

TEST_F(Run, executes_groups_around_their_cases_in_order) {
  tree.group("", "# NAME: top\n")
      .test("010_a")
      .group("020_g", "#\n")
      .test("020_g/010_b")
      .test("030_c");
  const auto record = run();
  std::vector<std::string> scripts;
  for (const auto& line : commands()) scripts.push_back(line.substr(line.find(' ') + 1));
  EXPECT_THAT(scripts, ElementsAre("group.sh init", "test.sh", "group.sh init", "test.sh",
                                   "group.sh deinit", "test.sh", "group.sh deinit"));
  EXPECT_TRUE(record.finished);
  EXPECT_EQ(results::count(record).passed, 3);
}

TEST_F(Run, plans_every_unit_before_it_starts_one) {
  tree.group("", "# NAME: top\n")
      .test("010_a")
      .test("020_b", "# REPEAT: 2\n")
      .test("030_c", "# LABELS: slow\n");
  run();
  bool started = false;
  int planned = 0;
  for (const auto& event : results::read_events(options.results / "id" / "events.jsonl")) {
    if (std::holds_alternative<results::UnitStarted>(event.what)) started = true;
    if (std::holds_alternative<results::UnitPlanned>(event.what)) {
      EXPECT_FALSE(started);
      ++planned;
    }
  }
  EXPECT_EQ(planned, 6);
}

TEST_F(Run, every_ending_of_a_script_is_a_result_with_a_reason) {
  tree.test("010_fail")
      .test("020_cancel")
      .test("030_signal")
      .test("040_timeout")
      .test("050_none")
      .test("060_pass");
  runner.script = [](const process::Command& command) -> process::FakeResult {
    using process::Ending;
    const std::string name = command.env.at("RT_TEST_NAME");
    if (name == "fail") return FakeRunner::exit(3, "", "+ trace\nno disk\n+ exit 3\n");
    if (name == "cancel") return FakeRunner::exit(253);
    if (name == "signal") return {{.ending = Ending::signalled, .signal = 11}, "", ""};
    if (name == "timeout")
      return {{.ending = Ending::timed_out, .elapsed = std::chrono::seconds(10), .leaked = true},
              "",
              ""};
    if (name == "none") throw Error("no shell", ExitCode::host);
    return FakeRunner::exit(0);
  };
  const auto record = run();
  EXPECT_THAT(told(record), ElementsAre("fail:fail", "cancel:cancel", "signal:fail",
                                        "timeout:timeout", "none:error", "pass:pass"));
  EXPECT_EQ(record.units[0].finished->reason, "exit 3: no disk");
  EXPECT_THAT(record.units[2].finished->reason, HasSubstr("signal 11"));
  EXPECT_TRUE(record.units[3].finished->leaked);
  EXPECT_EQ(record.units[4].finished->reason, "no shell");
  for (const auto& unit : record.units)
    EXPECT_EQ(unit.finished->reason.empty(), unit.finished->result == Result::pass);
}

TEST_F(Run, gives_scripts_the_variables_and_the_limit) {
  tree.test("t", "# TIMEOUT: 7\n");
  options.env = {{"RTFX_PROJECT", "/p"}, {"PATH", "/own"}};
  options.labels = "slow,!x";
  options.trace = true;
  run();
  ASSERT_EQ(runner.commands.size(), 1u);
  const process::Command& command = runner.commands[0];
  EXPECT_THAT(command.argv, ElementsAre("/bin/sh", "-x", (tree.path() / "t/test.sh").string()));
  EXPECT_EQ(command.cwd, tree.path() / "t");
  EXPECT_EQ(command.timeout, std::chrono::seconds(7));
  EXPECT_EQ(command.env.at("RTFX_PROJECT"), "/p");
  EXPECT_EQ(command.env.at("RTFX_ARCH"), "amd64");
  EXPECT_EQ(command.env.at("PATH"), command.env.at("RT_UTILS") + ":/own");
  EXPECT_THAT(":" + command.env.at("RT_LABELS") + ":", HasSubstr(":slow:"));
  EXPECT_THAT(command.env.at("RT_LABELS"), StartsWith("!x:"));
  EXPECT_EQ(command.env.at("RT_RESULTS"), (options.results / "id").string());
  EXPECT_FALSE(fs::exists(command.env.at("RTFX_TMP")));
}

TEST_F(Run, reuses_a_known_pass_and_does_not_start_its_group) {
  tree.group("", "# NAME: top\n").test("010_a").test("020_b");
  options.key = [](const Case& test, const Arch&) { return "key of " + test.name; };
  options.known = [](const results::UnitId& unit,
                     const std::string& key) -> std::optional<results::UnitFinished> {
    EXPECT_EQ(key, "key of " + unit.name);
    results::UnitFinished known;
    known.result = unit.name == "top.a" ? Result::pass : Result::fail;
    known.reused_from = "earlier";
    return known;
  };
  auto record = run();
  EXPECT_EQ(record.find({"case", "top.a", "amd64"})->finished->reused_from, "earlier");
  EXPECT_EQ(record.find({"case", "top.b", "amd64"})->finished->reused_from, "")
      << "only a pass is worth to be reused";
  EXPECT_EQ(record.find({"case", "top.b", "amd64"})->finished->key, "key of top.b");
  EXPECT_EQ(runner.commands.size(), 3u);
  runner.commands.clear();
  options.patterns = {"top.a"};
  options.id = "second";
  record = run();
  EXPECT_TRUE(runner.commands.empty());
  EXPECT_EQ(results::count(record).passed, 1);
}

TEST_F(Run, starts_with_what_ended_before) {
  tree.test("010_a").test("020_b");
  results::UnitFinished broken;
  broken.unit = {"case", "a", "amd64"};
  broken.result = Result::error;
  broken.reason = "its image was not built";
  results::UnitFinished package;
  package.unit = {"package", "org/p:1", "amd64"};
  options.prior = {package, broken};
  const auto record = run();
  EXPECT_THAT(told(record), ElementsAre("org/p:1:pass", "a:error", "b:pass"));
  EXPECT_EQ(runner.commands.size(), 1u);
}

TEST_F(Run, a_stop_leaves_the_rest_without_a_result_and_the_log_incomplete) {
  tree.group("", "# NAME: top\n").test("010_a").test("020_b").test("030_c");
  std::stop_source stop;
  runner.script = [&](const process::Command& command) -> process::FakeResult {
    if (command.env.at("RT_TEST_NAME") != "top.b") return FakeRunner::exit(0);
    stop.request_stop();
    return {{.ending = process::Ending::cancelled}, "", ""};
  };
  const auto record = run(stop.get_token());
  EXPECT_THAT(told(record), ElementsAre("top::init:pass", "top.a:pass", "top.b:cancel",
                                        "top.c:missing", "top::deinit:missing"));
  EXPECT_FALSE(record.finished);
  EXPECT_TRUE(fs::exists(options.results / "id" / "junit.xml"));
}

TEST_F(Run, many_jobs_give_the_same_results_as_one) {
  tree.group("", "# NAME: top\n").group("020_g", "#\n").group("020_g/010_h", "#\n");
  for (int i = 0; i < 20; ++i) {
    tree.test("010_" + std::to_string(i)).test("020_g/010_h/" + std::to_string(i), "# REPEAT: 2\n");
  }
  options.arches = {arches.find("amd64"), arches.find("s390x")};
  runner.script = [](const process::Command& command) {
    const std::string name = command.env.at("RT_TEST_NAME");
    return FakeRunner::exit(name.ends_with("3") ? 1 : 0, "out of " + name + "\n", "err\n");
  };
  const auto one = told(run());
  options.jobs = 8;
  options.id = "second";
  EXPECT_EQ(told(run()), one);
  EXPECT_EQ(read_file(options.results / "second" / "top.g.h.7.2.s390x.log"),
            "out of top.g.h.7.2\nerr\n");
}

TEST_F(Run, two_units_with_one_name_are_refused) {
  tree.test("010_t", "# REPEAT: 1\n").test("020_t/1");
  EXPECT_THROW(run(), Error);
  EXPECT_TRUE(runner.commands.empty());
}

TEST_F(Run, shards_keep_iterations_together_and_leave_out_what_is_skipped) {
  tree.test("010_a", "# REPEAT: 2\n").test("020_b", "# LABELS: slow\n").test("030_c");
  options.shard = {1, 2};
  EXPECT_THAT(told(run()), ElementsAre("a.1:pass", "a.2:pass"));
  options.shard = {2, 2};
  options.id = "second";
  EXPECT_THAT(told(run()), ElementsAre("c:pass"));
}

TEST_F(Run, a_log_folder_that_vanishes_is_an_error_of_the_unit) {
  tree.test("010_a").test("020_b");
  const fs::path in_the_way = options.results / "id" / "a.log";
  fs::create_directories(in_the_way);
  EXPECT_THAT(told(run()), ElementsAre("a:error", "b:pass"));
}

TEST(UnitLog, remembers_benchmarks_and_last_words_of_lines_that_come_in_pieces) {
  const TemporaryDirectory folder;
  UnitLog log(folder.path() / "log");
  using process::Stream;
  for (const char* piece : {"RT_BENCH", "MARK_RESULT: 12 ", "MB/s\nmore\n"})
    log.write(Stream::out, piece);
  log.write(Stream::err, "RT_BENCHMARK_RESULT: not here\nlast ");
  log.write(Stream::err, "words\n\n");
  log.write(Stream::out, "RT_BENCHMARK_RESULT: 13 MB/s");
  EXPECT_EQ(log.benchmark(), "13 MB/s");
  EXPECT_EQ(log.last_words(), "last words");
}

TEST(UnitLog, long_lines_are_cut_in_memory_only) {
  const TemporaryDirectory folder;
  UnitLog log(folder.path() / "log");
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 8; ++i) log.write(process::Stream::err, block);
  EXPECT_LT(log.last_words().size(), 300u);
  EXPECT_EQ(fs::file_size(folder.path() / "log"), 8u << 20);
}

TEST(Schedule, one_job_is_plain_order) {
  std::vector<std::size_t> order;
  EXPECT_TRUE(
      run_in_order({{}, {0}, {}, {1, 2}}, 1, [&](std::size_t i) { order.push_back(i); }, {}));
  EXPECT_THAT(order, ElementsAre(0u, 1u, 2u, 3u));
}

TEST(Schedule, many_jobs_keep_what_must_come_before) {
  constexpr std::size_t size = 300;
  std::vector<std::vector<std::size_t>> after(size);
  for (std::size_t i = 1; i < size; ++i) after[i] = {i / 2, i / 3};
  std::vector<std::atomic<bool>> done(size);
  std::atomic<int> wrong = 0, most = 0, now = 0;
  EXPECT_TRUE(run_in_order(after, 8,
                           [&](std::size_t i) {
                             const int running = ++now;
                             for (int seen = most;
                                  seen < running && !most.compare_exchange_weak(seen, running);) {
                             }
                             for (const std::size_t before : after[i]) {
                               if (!done[before]) ++wrong;
                             }
                             std::this_thread::yield();
                             done[i] = true;
                             --now;
                           },
                           {}));
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(most, 8);
  for (const auto& one : done) EXPECT_TRUE(one);
}

TEST(Schedule, an_exception_stops_the_rest_and_comes_out) {
  std::atomic<int> ran = 0;
  EXPECT_THROW(run_in_order({{}, {0}, {1}}, 4,
                            [&](std::size_t i) {
                              ++ran;
                              if (i == 1) throw Error("full disk");
                            },
                            {}),
               Error);
  EXPECT_EQ(ran, 2);
}

TEST(Schedule, a_stop_starts_nothing_more) {
  std::stop_source stop;
  int ran = 0;
  EXPECT_FALSE(run_in_order(
      {{}, {}, {}}, 1,
      [&](std::size_t) {
        ++ran;
        stop.request_stop();
      },
      stop.get_token()));
  EXPECT_EQ(ran, 1);
}

TEST(RunFolder, new_ids_are_unique_and_latest_follows) {
  const TemporaryDirectory results;
  const RunFolder first = make_run_folder(results.path(), "", true),
                  second = make_run_folder(results.path(), "", true);
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(fs::read_symlink(results.path() / "latest"), second.id);
  make_run_folder(results.path(), "named", false);
  EXPECT_EQ(fs::read_symlink(results.path() / "latest"), second.id);
  EXPECT_THROW(make_run_folder(results.path(), "../x", false), Error);
}

TEST(RunFolder, log_names_fit_a_file_system) {
  EXPECT_EQ(log_file_name("top.t", ""), "top.t.log");
  EXPECT_EQ(log_file_name("top.t", "arm64"), "top.t.arm64.log");
  EXPECT_EQ(log_file_name(".hidden", ""), "_.hidden.log");
  const std::string one = log_file_name(std::string(300, 'x') + "1", "arm64"),
                    other = log_file_name(std::string(300, 'x') + "2", "arm64");
  EXPECT_LT(one.size(), 255u);
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace rtfx::runner
