// SPDX-License-Identifier: Apache-2.0
#include "runner/console/progress.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <string>

namespace rtfx::console {
namespace {

using namespace std::chrono_literals;
using results::Result;
using results::UnitId;

Progress::TimePoint at(std::chrono::seconds time) { return Progress::TimePoint(time); }
UnitId unit(const std::string& name) { return {"case", name, "amd64"}; }

results::Event start(const std::string& name, int attempt = 1) {
  return {results::UnitStarted{unit(name), attempt}};
}

results::Event end(const std::string& name, Result result = Result::pass) {
  results::UnitFinished finished;
  finished.unit = unit(name);
  finished.result = result;
  return {finished};
}

runner::RunInfo info(std::size_t cases, std::optional<std::chrono::nanoseconds> expected = {}) {
  runner::RunInfo run;
  run.cases = cases;
  run.expected = expected;
  return run;
}

TEST(Progress, says_how_far_the_run_is) {
  Progress progress;
  progress.start(info(40), at(0s));
  progress.event(start("a"), at(0s));
  progress.event(start("b"), at(1s));
  progress.event(end("a", Result::fail), at(21s));
  progress.event(start("c"), at(21s));
  EXPECT_EQ(progress.summary(at(63s)).str(), "1/40 done, 1 failed, 2 running, 1m03s");
  ASSERT_EQ(progress.running().size(), 2u);
  EXPECT_EQ(progress.running()[0].unit.name, "b");
}

TEST(Progress, what_need_not_run_is_not_counted) {
  Progress progress;
  progress.start(info(1), at(0s));
  progress.event(end("skipped", Result::skip), at(0s));
  progress.event(start("a"), at(0s));
  EXPECT_EQ(progress.summary(at(1s)).done, "0/1 done");
  progress.event(end("a"), at(2s));
  EXPECT_EQ(progress.summary(at(2s)).str(), "1/1 done, 2s");
}

TEST(Progress, a_retried_case_runs_anew) {
  Progress progress;
  progress.start(info(1), at(0s));
  progress.event(start("a"), at(0s));
  progress.event({results::UnitRetried{unit("a"), 1, Result::fail, "exit 1", 5s, false, ""}},
                 at(5s));
  EXPECT_TRUE(progress.running().empty());
  EXPECT_EQ(progress.done(), 0u);
  progress.event(start("a", 2), at(6s));
  ASSERT_EQ(progress.running().size(), 1u);
  EXPECT_EQ(progress.running()[0].attempt, 2);
  EXPECT_EQ(progress.running()[0].since, at(6s));
}

TEST(Progress, nothing_is_promised_before_something_is_known) {
  Progress progress;
  progress.start(info(100), at(0s));
  for (const char* name : {"a", "b"}) {
    progress.event(start(name), at(0s));
    progress.event(end(name), at(2s));
  }
  EXPECT_EQ(progress.left(at(10s)), std::nullopt);
  progress.event(start("c"), at(2s));
  progress.event(end("c"), at(30s));
  EXPECT_EQ(progress.left(at(30s)), std::chrono::nanoseconds(970s));
  EXPECT_EQ(progress.summary(at(30s)).left, "about 20m left");
}

TEST(Progress, earlier_runs_tell_how_long_it_takes) {
  Progress progress;
  progress.start(info(10, 100s), at(0s));
  progress.event(start("a"), at(0s));
  EXPECT_EQ(progress.left(at(40s)), std::chrono::nanoseconds(60s));
  EXPECT_EQ(progress.left(at(200s)), std::chrono::nanoseconds(0s));
  // Twice as slow as before, which shows the more is done.
  progress.event(end("a"), at(20s));
  for (int i = 2; i <= 5; ++i) {
    progress.event(start(std::to_string(i)), at(20s * (i - 1)));
    progress.event(end(std::to_string(i)), at(20s * i));
  }
  EXPECT_EQ(progress.left(at(100s)), std::chrono::nanoseconds(50s));
}

TEST(Progress, what_matters_least_is_left_out_where_there_is_no_room) {
  Progress::Summary summary{"12/40 done", "1 failed", "2 running", "1m03s", "about 2m left"};
  EXPECT_EQ(summary.str(80), "12/40 done, 1 failed, 2 running, 1m03s, about 2m left");
  EXPECT_EQ(summary.str(50), "12/40 done, 1 failed, 1m03s, about 2m left");
  EXPECT_EQ(summary.str(40), "12/40 done, 1 failed, about 2m left");
  EXPECT_EQ(summary.str(20), "12/40 done, 1 failed");
  EXPECT_EQ(summary.str(12), "12/40 done");
}

TEST(Progress, times_are_as_exact_as_they_are_known) {
  EXPECT_EQ(format_clock(0s), "0s");
  EXPECT_EQ(format_clock(63s), "1m03s");
  EXPECT_EQ(format_clock(2h + 5min), "2h05m");
  EXPECT_EQ(format_about(3s), "a few seconds");
  EXPECT_EQ(format_about(11s), "about 15s");
  EXPECT_EQ(format_about(55s), "about 1m00s");
  EXPECT_EQ(format_about(61s), "about 2m");
  EXPECT_EQ(format_about(11min), "about 15m");
  EXPECT_EQ(format_about(61min), "about 1h10m");
}

}  // namespace
}  // namespace rtfx::console
