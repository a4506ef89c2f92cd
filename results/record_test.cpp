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

Event started(const UnitId& id, int attempt = 1) { return {UnitStarted{id, attempt}, {}}; }

Event retried(const UnitId& id, int attempt) {
  UnitRetried retried;
  retried.unit = id;
  retried.attempt = attempt;
  return {retried, {}};
}

Event run_started(const std::string& id, const std::vector<std::string>& merged = {}) {
  RunStarted start;
  start.run_id = id;
  start.merged = merged;
  return {start, {}};
}

Event ordered(const UnitId& id, int order) {
  UnitPlanned planned;
  planned.unit = id;
  planned.order = order;
  return {planned, {}};
}

TEST(Record, a_pass_after_a_failed_attempt_is_flaky) {
  const RunRecord run =
      fold({planned(unit("a")), started(unit("a")), retried(unit("a"), 1), started(unit("a"), 2),
            finished(unit("a"), Result::pass), finished(unit("b"), Result::pass)});
  EXPECT_TRUE(run.units[0].flaky());
  EXPECT_EQ(run.units[0].retried.size(), 1u);
  EXPECT_EQ(count(run).passed, 2);
  EXPECT_EQ(count(run).flaky, 1);
  EXPECT_EQ(describe(count(run)), "2 passed (1 flaky)");
  Counts counts = count(run);
  counts.cached = 1;
  EXPECT_EQ(describe(counts), "2 passed (1 flaky, 1 cached)");
}

TEST(Record, a_unit_that_is_started_again_loses_its_result_and_its_attempts) {
  const RunRecord run = fold({started(unit("a")), retried(unit("a"), 1), started(unit("a"), 2),
                              finished(unit("a"), Result::pass), started(unit("a"))});
  EXPECT_FALSE(run.units[0].finished);
  EXPECT_TRUE(run.units[0].retried.empty());
}

TEST(Record, the_log_says_why_a_run_is_not_complete) {
  const RunRecord run = fold({{RunFinished{false, "out of time"}, {}}});
  EXPECT_FALSE(run.finished);
  EXPECT_EQ(run.reason, "out of time");
}

std::string names(const RunRecord& run) {
  std::string all;
  for (const auto& record : run.units) all += record.planned.unit.name + " ";
  return all;
}

TEST(Record, shards_get_the_order_of_the_whole_plan_when_it_is_known) {
  EXPECT_EQ(names(fold({run_started("2"), ordered(unit("c"), 2), run_started("1"),
                        ordered(unit("a"), 0), ordered(unit("b"), 1)})),
            "a b c ");
  EXPECT_EQ(names(fold({run_started("2"), ordered(unit("c"), 2), run_started("1"),
                        planned(unit("a")), ordered(unit("b"), 1)})),
            "c a b ");
  EXPECT_EQ(names(fold({run_started("1"), ordered(unit("c"), 2), ordered(unit("a"), 0)})), "c a ");
}

TEST(Record, scripts_of_groups_in_shards_stand_around_the_cases) {
  const auto script = [](const char* name) { return planned({"group", name, "amd64"}); };
  EXPECT_EQ(names(fold({run_started("2"), script("t.h::init"), ordered(unit("t.h.x"), 2),
                        script("t.h::deinit"), run_started("1"), script("t::init"),
                        script("t.g::init"), ordered(unit("t.g.y"), 0), ordered(unit("t.z"), 1),
                        script("t.g::deinit"), script("t::deinit")})),
            "t::init t.g::init t.h::init t.g.y t.z t.h.x t.g::deinit t.h::deinit t::deinit ");
}

TEST(Record, a_group_that_ran_in_several_runs_has_its_worst_result) {
  const UnitId group{"group", "g::init", "amd64"};
  for (const bool failing_first : {true, false}) {
    const RunRecord run =
        fold({run_started("m", {"one", "two"}), run_started("one"), planned(group),
              finished(group, failing_first ? Result::fail : Result::pass), run_started("two"),
              planned(group), finished(group, failing_first ? Result::pass : Result::fail)});
    ASSERT_EQ(run.units.size(), 1u);
    EXPECT_EQ(run.units[0].finished->result, Result::fail);
    EXPECT_EQ(run.start.run_id, "m");
  }
}

TEST(Record, a_group_that_ran_again_in_a_continued_run_has_its_last_result) {
  const UnitId group{"group", "g::init", "amd64"};
  const RunRecord run = fold({run_started("one"), planned(group), finished(group, Result::fail),
                              run_started("one"), planned(group), finished(group, Result::pass)});
  EXPECT_EQ(run.units[0].finished->result, Result::pass);
}

TEST(Record, can_be_looked_at_while_events_come) {
  Fold fold;
  fold.add(planned(unit("a")));
  EXPECT_EQ(fold.record().units.size(), 1u);
  EXPECT_FALSE(fold.record().units[0].finished);
  fold.add(finished(unit("a"), Result::pass));
  EXPECT_EQ(count(fold.record()).passed, 1);
  EXPECT_EQ(fold.take().units.size(), 1u);
  EXPECT_TRUE(fold.record().units.empty());
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
    changes.push_back(compared.unit.name + ":" + change_name(compared.change));
  EXPECT_THAT(changes, ElementsAre("a:broke", "b:mended", "c:gone", "d:slower", "e:", "f:new"));
}

std::string changes(const std::vector<RunRecord>& runs) {
  std::string all;
  for (const auto& compared : compare(runs))
    all += compared.unit.name + ":" + change_name(compared.change) + " ";
  return all;
}

TEST(Compare, of_many_runs_looks_at_the_first_that_has_the_test_and_the_last) {
  const RunRecord with_pass = fold({finished(unit("a"), Result::pass)});
  const RunRecord with_fail = fold({finished(unit("a"), Result::fail)});
  const RunRecord without;
  EXPECT_EQ(changes({without, with_pass, with_fail}), "a:broke ");
  EXPECT_EQ(changes({with_fail, with_pass, with_fail}), "a: ");
  EXPECT_EQ(changes({with_fail, without, with_pass}), "a:mended ");
  EXPECT_EQ(changes({without, without, with_pass}), "a:new ");
  EXPECT_EQ(changes({without, with_pass, without}), "a:gone ");
  EXPECT_EQ(changes({with_pass}), "a: ");
}

TEST(Compare, a_test_that_has_no_result_any_more_broke) {
  EXPECT_EQ(changes({fold({finished(unit("a"), Result::pass)}), fold({planned(unit("a"))})}),
            "a:broke ");
}

TEST(Compare, a_pass_that_needs_several_attempts_now_is_flaky) {
  const RunRecord plain = fold({finished(unit("a"), Result::pass, 5000)});
  const RunRecord flaky = fold({retried(unit("a"), 1), finished(unit("a"), Result::pass)});
  const RunRecord failed = fold({finished(unit("a"), Result::fail)});
  EXPECT_EQ(changes({plain, flaky}), "a:flaky ");
  EXPECT_EQ(changes({failed, flaky}), "a:flaky ");
  EXPECT_EQ(changes({flaky, flaky}), "a: ");
  EXPECT_EQ(changes({flaky, failed}), "a:broke ");
}

TEST(Compare, results_of_rtf_are_those_of_its_host) {
  RunRecord rtf = fold({finished({"case", "a", ""}, Result::pass)});
  rtf.start.host_arch = "amd64";
  const RunRecord ours = fold({finished({"case", "a", "arm64"}, Result::pass),
                               finished({"case", "a", "amd64"}, Result::fail)});
  EXPECT_EQ(changes({rtf, ours}), "a:broke a:new ");
}

TEST(Compare, cases_of_one_name_stay_apart) {
  RunRecord run = fold({finished(unit("a"), Result::pass)});
  run.units.push_back(run.units[0]);
  EXPECT_EQ(changes({run, run}), "a: a: ");
}

TEST(Compare, changes_are_counted) {
  const RunRecord first =
      fold({finished(unit("a"), Result::pass), finished(unit("b"), Result::pass),
            finished(unit("c"), Result::fail)});
  const RunRecord second =
      fold({finished(unit("a"), Result::fail), finished(unit("b"), Result::error),
            finished(unit("c"), Result::pass), finished(unit("d"), Result::pass)});
  EXPECT_EQ(describe_changes(compare({first, second})), "2 broke, 1 mended, 1 new");
  EXPECT_EQ(describe_changes(compare({first, first})), "nothing changed");
}

}  // namespace
}  // namespace rtfx::results
