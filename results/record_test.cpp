// SPDX-License-Identifier: Apache-2.0
#include "results/record.hpp"

#include <gmock/gmock.h>

#include "results/compare.hpp"
#include "results/rows.hpp"

namespace rtfx::results {
namespace {

using testing::ElementsAre;

UnitId unit(const std::string& name) { return {"case", name, "amd64"}; }

Event planned(const UnitId& id) {
  UnitPlanned planned;
  planned.unit = id;
  return {planned, {}};
}

Event finished(const UnitId& id, Result result, int milliseconds = 0) {
  UnitFinished finished;
  finished.unit = id;
  finished.result = result;
  finished.elapsed = std::chrono::milliseconds(milliseconds);
  return {finished, {}};
}

Event run_finished(bool complete) { return {RunFinished{complete, ""}, {}}; }

TEST(Record, a_unit_without_a_result_is_missing_and_never_passed) {
  const RunRecord run =
      fold({planned(unit("a")), planned(unit("b")), finished(unit("a"), Result::pass)});
  const Counts counts = count(run);
  EXPECT_EQ(counts.passed, 1);
  EXPECT_EQ(counts.missing, 1);
  EXPECT_FALSE(run.finished);
  const auto rows = report_rows(run);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].status, "missing");
  EXPECT_EQ(rows[1].rtf_name, "Fail");
  EXPECT_EQ(describe(counts), "1 passed, 1 without a result");
}

TEST(Record, counts_every_way_to_end_and_only_cases) {
  std::vector<Event> events;
  int n = 0;
  for (const Result result :
       {Result::pass, Result::fail, Result::error, Result::timeout, Result::skip, Result::cancel}) {
    events.push_back(finished(unit(std::to_string(n++)), result));
  }
  events.push_back(finished({"group", "g::init", "amd64"}, Result::fail));
  events.push_back(finished({"package", "p", "amd64"}, Result::pass));
  const Counts counts = count(fold(events));
  EXPECT_EQ(counts.passed, 1);
  EXPECT_EQ(counts.bad(), 3);
  EXPECT_EQ(counts.skipped, 1);
  EXPECT_EQ(counts.cancelled, 1);
  EXPECT_EQ(counts.missing, 0);
}

TEST(Record, a_unit_that_is_planned_again_loses_its_old_pass) {
  const RunRecord run = fold({planned(unit("a")), finished(unit("a"), Result::pass),
                              run_finished(true), planned(unit("a"))});
  ASSERT_EQ(run.units.size(), 1u);
  EXPECT_FALSE(run.units[0].finished);
}

TEST(Record, the_last_result_of_a_unit_counts) {
  const RunRecord run =
      fold({finished(unit("a"), Result::fail), finished(unit("a"), Result::pass)});
  EXPECT_EQ(run.find(unit("a"))->finished->result, Result::pass);
  EXPECT_EQ(run.find(unit("b")), nullptr);
}

TEST(Record, scripts_of_groups_are_reported_only_when_they_did_not_pass) {
  const RunRecord run = fold({finished({"group", "g::init", "amd64"}, Result::pass),
                              finished({"group", "h::init", "amd64"}, Result::fail),
                              planned({"group", "g::deinit", "amd64"})});
  const auto rows = report_rows(run);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].planned->unit.name, "h::init");
}

TEST(Compare, tells_what_changed_between_runs_with_different_tests) {
  const RunRecord first =
      fold({finished(unit("a"), Result::pass, 100), finished(unit("b"), Result::fail),
            finished(unit("c"), Result::pass), finished(unit("d"), Result::pass, 1000),
            finished(unit("e"), Result::skip)});
  const RunRecord second =
      fold({finished(unit("a"), Result::timeout), finished(unit("b"), Result::pass),
            finished(unit("d"), Result::pass, 2000), finished(unit("e"), Result::pass),
            finished(unit("f"), Result::pass)});
  std::vector<std::string> changes;
  for (const auto& compared : compare({first, second}))
    changes.push_back(compared.unit.name + ":" + compared.change);
  EXPECT_THAT(changes, ElementsAre("a:broke", "b:mended", "c:gone", "d:slower", "e:", "f:new"));
}

}  // namespace
}  // namespace rtfx::results
