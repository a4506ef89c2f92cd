// SPDX-License-Identifier: Apache-2.0
#include "results/merge.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "results/event_log.hpp"
#include "results/shards.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

UnitId test(const std::string& name, const std::string& arch = "amd64") {
  return {"case", name, arch};
}

/// Writes the folder of a run, as it would have been.
class TestRun {
 public:
  TestRun(const std::filesystem::path& folder, const std::string& id, const std::string& shard = "",
          const std::string& arch = "amd64")
      : folder_(folder), log_(folder) {
    RunStarted start;
    start.run_id = id;
    start.shard = shard;
    start.labels = {arch, "linux"};
    append(start);
  }
  TestRun& planned(const UnitId& unit, int order = -1) {
    UnitPlanned planned;
    planned.unit = unit;
    planned.order = order;
    return append(planned);
  }
  /// Planned, and ended with a log that says where it is from.
  TestRun& ran(const UnitId& unit, Result result, int order = -1, const std::string& log = "") {
    planned(unit, order);
    UnitFinished finished;
    finished.unit = unit;
    finished.result = result;
    finished.log = log.empty() ? unit.name + ".log" : log;
    write_file_atomically(folder_ / finished.log, "log of " + folder_.filename().string());
    return append(finished);
  }
  void ended(bool complete = true) { append(RunFinished{complete, ""}); }
  template <typename What>
  TestRun& append(const What& what) {
    log_.append({what, {}});
    return *this;
  }

 private:
  std::filesystem::path folder_;
  EventLog log_;
};

class Merge : public testing::Test {
 protected:
  std::filesystem::path folder(const std::string& name) const { return place_.path() / name; }

  MergeOutcome merge(const std::vector<std::string>& names) {
    MergeRequest request;
    for (const auto& name : names) request.runs.push_back(folder(name));
    request.id = "merged";
    std::filesystem::remove_all(folder("merged"));
    std::filesystem::create_directory(folder("merged"));
    return results::merge(request, folder("merged"));
  }

  static std::string results_of(const RunRecord& run) {
    std::string all;
    for (const UnitRecord& unit : run.units)
      all += unit.planned.unit.name + "=" +
             (unit.finished ? result_name(unit.finished->result) : "missing") + " ";
    return all;
  }

  std::string log_of(const RunRecord& run, const UnitId& unit) const {
    return read_file(folder("merged") / run.find(unit)->finished->log);
  }

  TemporaryDirectory place_;
};

TEST_F(Merge, all_shards_are_the_whole_in_its_order) {
  TestRun(folder("one"), "one", "1/2").ran(test("c"), Result::pass, 2).ended();
  TestRun(folder("two"), "two", "2/2")
      .ran(test("a"), Result::fail, 0)
      .ran(test("b"), Result::pass, 1)
      .ended();
  const MergeOutcome outcome = merge({"one", "two"});
  EXPECT_EQ(results_of(outcome.run), "a=fail b=pass c=pass ");
  EXPECT_TRUE(outcome.run.finished);
  EXPECT_EQ(outcome.run.start.run_id, "merged");
  EXPECT_EQ(outcome.run.start.shard, "");
  EXPECT_THAT(outcome.run.start.merged, ElementsAre("one", "two"));
  EXPECT_THAT(outcome.notes, IsEmpty());
  EXPECT_EQ(log_of(outcome.run, test("a")), "log of two");
  EXPECT_TRUE(std::filesystem::exists(folder("merged") / "junit.xml"));
  EXPECT_EQ(results_of(read_run(folder("merged"))), results_of(outcome.run));
}

TEST_F(Merge, a_missing_shard_is_told_and_the_run_is_not_complete) {
  TestRun(folder("one"), "one", "1/3").ran(test("a"), Result::pass).ended();
  TestRun(folder("three"), "three", "3/3").ended();
  const MergeOutcome outcome = merge({"one", "three"});
  EXPECT_FALSE(outcome.run.finished);
  EXPECT_THAT(outcome.notes, ElementsAre("a shard is missing: 2/3"));
  EXPECT_EQ(outcome.run.start.shard, "1/3,3/3");
  TestRun(folder("two"), "two", "2/3").ended();
  std::filesystem::rename(folder("merged"), folder("partly"));
  EXPECT_TRUE(merge({"partly", "two"}).run.finished);
}

TEST_F(Merge, a_group_that_failed_in_one_shard_failed) {
  const UnitId group{"group", "g::init", "amd64"};
  TestRun(folder("one"), "one", "1/2").ran(group, Result::fail, -1, "g.log").ended();
  TestRun(folder("two"), "two", "2/2").ran(group, Result::pass, -1, "g.log").ended();
  for (const auto& order : {std::vector<std::string>{"one", "two"}, {"two", "one"}}) {
    const RunRecord run = merge(order).run;
    EXPECT_EQ(results_of(run), "g::init=fail ");
    EXPECT_EQ(log_of(run, group), "log of one");
  }
}

TEST_F(Merge, the_last_run_of_a_case_counts_and_that_is_told) {
  TestRun(folder("one"), "one").ran(test("a"), Result::pass).ended();
  TestRun(folder("two"), "two").ran(test("a"), Result::fail).ended();
  const MergeOutcome outcome = merge({"one", "two"});
  EXPECT_EQ(results_of(outcome.run), "a=fail ");
  EXPECT_EQ(log_of(outcome.run, test("a")), "log of two");
  EXPECT_THAT(outcome.notes,
              ElementsAre("a test is in several of the runs, the last of which counts: a"));
  EXPECT_EQ(results_of(merge({"two", "one"}).run), "a=pass ");
}

TEST_F(Merge, a_skip_hides_no_result) {
  TestRun(folder("one"), "one").ran(test("a"), Result::fail).ended();
  TestRun(folder("two"), "two").ran(test("a"), Result::skip).ended();
  EXPECT_EQ(results_of(merge({"one", "two"}).run), "a=fail ");
  EXPECT_EQ(results_of(merge({"two", "one"}).run), "a=fail ");
  EXPECT_THAT(merge({"two", "one"}).notes, IsEmpty());
}

TEST_F(Merge, a_run_that_was_killed_makes_the_whole_incomplete) {
  TestRun(folder("one"), "one").ran(test("a"), Result::pass).planned(test("b"));
  TestRun(folder("two"), "two").ran(test("c"), Result::pass).ended();
  const MergeOutcome outcome = merge({"one", "two"});
  EXPECT_EQ(results_of(outcome.run), "a=pass b=missing c=pass ");
  EXPECT_FALSE(outcome.run.finished);
  EXPECT_EQ(outcome.run.reason, "run one is not complete");
  EXPECT_THAT(outcome.notes, Contains(HasSubstr("did not come to its end")));
}

TEST_F(Merge, runs_with_one_id_stay_apart) {
  TestRun(folder("one"), "nightly", "", "amd64").ran(test("a", "amd64"), Result::pass).ended();
  TestRun(folder("two"), "nightly", "", "arm64").ran(test("a", "arm64"), Result::fail).ended();
  const MergeOutcome outcome = merge({"one", "two"});
  EXPECT_THAT(outcome.run.start.merged, ElementsAre("nightly", "nightly.2"));
  EXPECT_EQ(log_of(outcome.run, test("a", "amd64")), "log of one");
  EXPECT_EQ(log_of(outcome.run, test("a", "arm64")), "log of two");
  EXPECT_EQ(outcome.run.find(test("a", "arm64"))->finished->log, "nightly.2/a.log");
}

TEST_F(Merge, a_log_that_is_gone_is_not_replaced_by_one_of_another_run) {
  TestRun(folder("one"), "one").ran(test("a"), Result::pass, -1, "x.log").ended();
  TestRun(folder("two"), "two").ran(test("b"), Result::fail, -1, "x.log").ended();
  std::filesystem::remove(folder("two") / "x.log");
  EXPECT_EQ(merge({"one", "two"}).run.find(test("b"))->finished->log, "two/x.log");
}

TEST_F(Merge, files_of_tests_come_along_and_reports_do_not) {
  TestRun(folder("one"), "one").ran(test("a"), Result::pass).ended();
  write_file_atomically(folder("one") / "data" / "trace", "t");
  write_file_atomically(folder("one") / "SUMMARY.json", "old");
  ASSERT_EQ(symlink("/etc/passwd", (folder("one") / "link").c_str()), 0);
  const MergeOutcome outcome = merge({"one"});
  EXPECT_EQ(read_file(folder("merged") / "data" / "trace"), "t");
  EXPECT_NE(read_file(folder("merged") / "SUMMARY.json"), "old");
  EXPECT_FALSE(std::filesystem::exists(folder("merged") / "link"));
  EXPECT_THAT(outcome.notes, Contains(HasSubstr("links and special files are left out: 1")));
}

TEST_F(Merge, what_is_no_run_or_given_twice_is_refused) {
  TestRun(folder("one"), "one").ran(test("a"), Result::pass).ended();
  std::filesystem::create_directory(folder("empty"));
  write_file_atomically(folder("nothing") / "events.jsonl", "");
  EXPECT_THROW(merge({"one", "absent"}), Error);
  EXPECT_THROW(merge({"empty"}), Error);
  EXPECT_THROW(merge({"nothing"}), Error);
  EXPECT_THROW(merge({"one", "one"}), Error);
  merge({"one"});
  std::filesystem::rename(folder("merged"), folder("again"));
  EXPECT_THROW(merge({"again", "one"}), Error);
}

TEST_F(Merge, a_run_is_not_merged_into_itself) {
  TestRun(folder("one"), "one").ended();
  const auto inner = folder("one") / "inner";
  std::filesystem::create_directory(inner);
  EXPECT_THROW(results::merge({{folder("one")}, "x", "", ""}, inner), Error);
}

TEST_F(Merge, a_log_out_of_the_folder_is_refused) {
  write_file_atomically(folder("secret"), "s");
  TestRun run(folder("one"), "one");
  UnitFinished finished;
  finished.unit = test("a");
  finished.log = "../secret";
  run.append(finished).ended();
  EXPECT_THROW(merge({"one"}), Error);
}

RunRecord shard(const std::string& shard, const std::string& arch) {
  RunRecord run;
  run.start.shard = shard;
  run.start.labels = {arch, "linux"};
  run.units.emplace_back();
  run.units.back().planned.unit = test("t", arch);
  return run;
}

TEST(Shards, of_each_architecture_are_divided_on_their_own) {
  EXPECT_THAT(cover_of({shard("1/2", "amd64"), shard("2/2", "amd64")}).missing, IsEmpty());
  EXPECT_THAT(
      cover_of({shard("1/2", "amd64"), shard("2/2", "amd64"), shard("1/2", "arm64")}).missing,
      ElementsAre("2/2 (arm64)"));
  EXPECT_THAT(cover_of({shard("1/2", "amd64"), shard("2/2", "amd64"), shard("", "arm64")}).missing,
              IsEmpty());
  EXPECT_THAT(cover_of({shard("", "amd64")}).present, IsEmpty());
}

TEST(Shards, that_are_none_are_refused) {
  for (const char* bad : {"x", "0/2", "3/2", "1/", "/2", "1/2/3", "1/99999999"})
    EXPECT_THROW(cover_of({shard(bad, "amd64")}), Error) << bad;
}

}  // namespace
}  // namespace rtfx::results
