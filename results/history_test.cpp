// SPDX-License-Identifier: Apache-2.0
#include "results/history.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "results/event_log.hpp"
#include "results/reports.hpp"

namespace rtfx::results {
namespace {

using std::chrono::milliseconds;

const UnitId unit{"case", "top.t", "arm64"};

UnitRecord ran(const UnitId& id, Result result, int ms, const std::string& key = "") {
  UnitRecord record;
  record.planned.unit = id;
  UnitFinished finished;
  finished.unit = id;
  finished.result = result;
  finished.elapsed = milliseconds(ms);
  finished.key = key;
  finished.benchmark = "4 MB/s";
  record.finished = finished;
  return record;
}

RunRecord run_of(const std::string& id, std::vector<UnitRecord> units) {
  RunRecord run;
  run.start.run_id = id;
  run.units = std::move(units);
  return run;
}

History reread(const History& history) {
  const TemporaryDirectory folder;
  history.write(folder.path());
  return History::read(folder.path());
}

TEST(History, a_pass_is_known_by_its_key_after_it_was_written_and_read) {
  History history;
  history.add(run_of("one", {ran(unit, Result::pass, 40, "k")}));
  history = reread(history);
  EXPECT_EQ(history.duration(unit), milliseconds(40));
  const auto pass = history.pass(unit, "k");
  ASSERT_TRUE(pass);
  EXPECT_EQ(pass->unit, unit);
  EXPECT_EQ(pass->result, Result::pass);
  EXPECT_EQ(pass->elapsed, milliseconds(40));
  EXPECT_EQ(pass->reused_from, "one");
  EXPECT_EQ(pass->benchmark, "4 MB/s");
  EXPECT_EQ(pass->key, "k");
  EXPECT_FALSE(history.pass(unit, "other"));
  EXPECT_FALSE(history.pass(unit, ""));
  EXPECT_FALSE(history.pass({"case", "top.t", "s390x"}, "k"));
}

TEST(History, a_failure_ends_what_a_pass_stood_for_but_not_its_duration) {
  for (const Result result : {Result::fail, Result::error, Result::timeout}) {
    History history;
    history.add(run_of("one", {ran(unit, Result::pass, 40, "k")}));
    history.add(run_of("two", {ran(unit, result, 9000, "k")}));
    history = reread(history);
    EXPECT_FALSE(history.pass(unit, "k")) << result_name(result);
    EXPECT_EQ(history.duration(unit), milliseconds(40));
  }
}

TEST(History, what_did_not_run_teaches_nothing) {
  History history;
  history.add(run_of("one", {ran(unit, Result::pass, 40, "k")}));
  auto reused = ran(unit, Result::pass, 7, "k");
  reused.finished->reused_from = "one";
  UnitRecord missing;
  missing.planned.unit = unit;
  history.add(
      run_of("two", {ran(unit, Result::skip, 0), ran(unit, Result::cancel, 1), missing, reused}));
  EXPECT_EQ(history.pass(unit, "k")->reused_from, "one");
  EXPECT_EQ(history.duration(unit), milliseconds(40));
}

TEST(History, a_flaky_pass_stands_for_no_other_run) {
  auto flaky = ran(unit, Result::pass, 40, "k");
  flaky.retried.emplace_back();
  History history;
  history.add(run_of("one", {flaky}));
  EXPECT_FALSE(history.pass(unit, "k"));
  EXPECT_TRUE(history.duration(unit));
}

TEST(History, durations_follow_what_is_measured) {
  History history;
  for (const int ms : {1000, 3000}) history.add(run_of("r", {ran(unit, Result::pass, ms)}));
  EXPECT_EQ(history.duration(unit), milliseconds(2000));
}

TEST(History, a_damaged_or_absent_file_is_an_empty_history) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "history.json";
  EXPECT_EQ(History::read(folder.path()).size(), 0u);
  for (const char* text :
       {"", "{", "[]", "7", "{}", R"({"v":2,"units":[{"name":"a"}]})", R"({"v":1})",
        R"({"v":1,"units":[{"name":7}]})", R"({"v":1,"units":[{"arch":"x"}]})",
        R"({"v":1,"units":[{"name":"a","duration_ns":-1}]})",
        "{\"v\":1,\"units\":[{\"name\":\"a\""}) {
    write_file_atomically(file, text);
    EXPECT_EQ(History::read(folder.path()).size(), 0u) << text;
  }
}

TEST(History, several_programs_at_once_lose_nothing) {
  const TemporaryDirectory folder;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        remember(folder.path(),
                 run_of("r", {ran({"case", "t" + std::to_string(i), "x"}, Result::pass, 1)}));
      });
    }
  }
  EXPECT_EQ(History::read(folder.path()).size(), 8u);
}

TEST(History, ten_thousand_units_are_no_burden) {
  std::vector<UnitRecord> units;
  for (int i = 0; i < 10'000; ++i)
    units.push_back(ran({"case", "top.group.case" + std::to_string(i), "arm64"}, Result::pass, i,
                        "sha256:" + std::string(64, 'a')));
  const RunRecord run = run_of("r", std::move(units));
  const TemporaryDirectory folder;
  remember(folder.path(), run);
  remember(folder.path(), run);
  EXPECT_EQ(History::read(folder.path()).size(), 10'000u);
}

TEST(Durations, are_read_from_anything_that_has_them) {
  const TemporaryDirectory folder;
  const RunRecord run = run_of("r", {ran(unit, Result::pass, 40)});
  write_file_atomically(folder.path() / "s.json", summary_json(run));
  remember(folder.path(), run);
  {
    EventLog log(folder.path() / "run");
    UnitPlanned planned;
    planned.unit = unit;
    log.append({planned, {}});
    log.append({*run.units[0].finished, {}});
  }
  std::filesystem::copy_file(folder.path() / "history.json", folder.path() / "h.json");
  for (const char* name : {"", "history.json", "h.json", "s.json", "run", "run/events.jsonl"})
    EXPECT_EQ(read_durations(folder.path() / name).duration(unit), milliseconds(40)) << name;
}

TEST(Durations, of_rtf_count_for_every_architecture) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "SUMMARY.json",
                        R"({"id":"x","results":[{"name":"top.t","result":0,"duration":5000000}]})");
  EXPECT_EQ(read_durations(folder.path()).duration(unit), milliseconds(5));
}

TEST(Durations, what_has_none_is_refused) {
  const TemporaryDirectory folder;
  EXPECT_THROW(read_durations(folder.path()), Error);
  EXPECT_THROW(read_durations(folder.path() / "none"), Error);
  for (const char* text : {"", "{}", "[]", "garbage", R"({"v":9,"units":[]})"}) {
    write_file_atomically(folder.path() / "x.json", text);
    EXPECT_THROW(read_durations(folder.path() / "x.json"), Error) << text;
  }
}

}  // namespace
}  // namespace rtfx::results
