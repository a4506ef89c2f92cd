// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/reuse.hpp"

#include <gtest/gtest.h>

#include "base/files.hpp"
#include "results/event_log.hpp"

namespace rtfx::gate {
namespace {

using results::Result;

/// A project with two cases, a shared script and an example.
class Reuse : public testing::Test {
 protected:
  Reuse() {
    write("cases/group.sh", "# NAME: top\n");
    write("cases/_lib/lib.sh", "shared\n");
    write("cases/010_one/test.sh", "# SUMMARY: one\ntrue\n");
    write("cases/020_two/test.sh", "# SUMMARY: two\ntrue\n");
    write("example.yml", "files: []\n");
    write("program", "rtfx\n");
  }

  void write(const std::string& name, const std::string& text) {
    write_file_atomically(scratch_.path() / name, text);
  }

  std::string key(const std::string& case_name = "top.one") {
    Diagnostics diagnostics;
    Input input;
    input.project.cases = scratch_.path() / "cases";
    input.project.arches = {{"amd64", true, {}, {}, ""}};
    input.examples.push_back({scratch_.path() / "example.yml", "example", nullptr});
    input.cases = runner::load_tree(input.project.cases, diagnostics);
    diagnostics.throw_if_any();
    const CaseKeys keys(input, subjects_, scratch_.path() / "program", environment_);
    for (const runner::Case* test : runner::all_cases(*input.cases)) {
      if (test->name == case_name) return keys.key(*test, input.project.table.find("amd64"));
    }
    return "no such case";
  }

  TemporaryDirectory scratch_;
  std::vector<results::Subject> subjects_ = {{"org/redis:1", "amd64", "sha256:aa"}};
  std::map<std::string, std::string> environment_;
};

TEST_F(Reuse, a_key_does_not_change_by_itself) { EXPECT_EQ(key(), key()); }

TEST_F(Reuse, a_key_changes_with_everything_that_the_result_depends_on) {
  std::string before = key();
  const auto changed = [&](const char* what) {
    const std::string now = key();
    EXPECT_NE(now, before) << what;
    before = now;
  };
  write("cases/010_one/test.sh", "# SUMMARY: one\nfalse\n");
  changed("the case");
  write("cases/010_one/data", "x");
  changed("a file beside it");
  write("cases/_lib/lib.sh", "shared, changed\n");
  changed("a shared script");
  write("cases/group.sh", "# NAME: top\necho\n");
  changed("a group script");
  write("example.yml", "files: [x]\n");
  changed("an image");
  write("program", "rtfx 2\n");
  changed("the program");
  subjects_[0].digest = "sha256:bb";
  changed("a package");
  environment_["RTFX_X"] = "1";
  changed("the environment");
}

TEST_F(Reuse, a_key_is_of_one_variant) {
  // A directory that is a case too, so that its group.sh and its own name do not count.
  write("cases/g/test.sh", "true\n");
  write("cases/g/group.sh", "# VARIANTS: x.y y\n");
  write("cases/g/t/test.sh", "true\n");
  const std::string before = key("top.g.x.y.t");
  EXPECT_NE(before, key("top.g.y.t"));
  fs::rename(scratch_.path() / "cases/g", scratch_.path() / "cases/g.x");
  EXPECT_NE(key("top.g.x.y.t"), before) << "the same name, of the variant y";
}

TEST_F(Reuse, another_case_or_arch_does_not_matter) {
  const std::string before = key();
  write("cases/020_two/test.sh", "# SUMMARY: two\nfalse\n");
  subjects_.push_back({"org/redis:1", "arm64", "sha256:cc"});
  EXPECT_EQ(key(), before);
}

results::UnitFinished finished(Result result, const std::string& case_key) {
  results::UnitFinished unit;
  unit.unit = {"case", "top.one", "amd64"};
  unit.result = result;
  unit.key = case_key;
  return unit;
}

void log_run(const fs::path& folder, const std::string& id, const results::UnitFinished& unit) {
  results::EventLog log(folder / id);
  results::RunStarted start;
  start.run_id = id;
  log.append({start});
  log.append({unit});
}

TEST_F(Reuse, a_pass_that_needed_another_attempt_is_not_known) {
  const fs::path runs = scratch_.path() / "_results";
  results::EventLog log(runs / "r1");
  log.append({results::RunStarted{}});
  results::UnitRetried first;
  first.unit = finished(Result::pass, "k1").unit;
  log.append({first});
  log.append({finished(Result::pass, "k1")});
  KnownResults known;
  known.add_runs(runs);
  EXPECT_FALSE(known.find(first.unit, "k1"));
}

TEST_F(Reuse, only_a_pass_with_the_same_key_is_known) {
  const fs::path runs = scratch_.path() / "_results";
  log_run(runs, "r1", finished(Result::pass, "k1"));
  log_run(runs, "r2", finished(Result::fail, "k2"));
  log_run(runs, "r3", finished(Result::pass, ""));
  write("_results/broken/events.jsonl", "this is no event\nnor this\n");

  KnownResults known;
  known.add_runs(runs);
  const results::UnitId unit{"case", "top.one", "amd64"};
  ASSERT_TRUE(known.find(unit, "k1"));
  EXPECT_EQ(known.find(unit, "k1")->reused_from, "r1");
  EXPECT_FALSE(known.find(unit, "k2")) << "a failure is run again";
  EXPECT_FALSE(known.find(unit, "")) << "a result without a key is nobody's";
  EXPECT_FALSE(known.find({"case", "top.one", "arm64"}, "k1"));
}

TEST_F(Reuse, no_results_folder_means_nothing_is_known) {
  KnownResults known;
  known.add_runs(scratch_.path() / "nothing");
  known.add_run(scratch_.path() / "nothing");
  EXPECT_FALSE(known.find({"case", "top.one", "amd64"}, "k1"));
}

}  // namespace
}  // namespace rtfx::gate
