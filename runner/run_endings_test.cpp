// SPDX-License-Identifier: Apache-2.0
//
// Runs that do not end as planned, or go on where another ended.
#include "runner/run.hpp"

#include <sys/resource.h>

#include <csignal>
#include <map>

#include "results/event_log.hpp"
#include "runner/plan.hpp"
#include "runner/resume.hpp"
#include "runner/run_fixture.hpp"

namespace rtfx::runner {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(Run, a_failing_init_makes_its_cases_errors_and_the_rest_goes_on) {
  tree.group("", "# NAME: top\n").group("010_g", "#\n").test("010_g/a").group("010_g/sub", "#\n");
  tree.test("010_g/sub/b").test("020_c");
  loop.script = [](const process::Command& command) {
    const bool init = command.argv.back() == "init" && command.cwd.filename() == "010_g";
    return FakeLoop::exit(init ? 7 : 0, "", init ? "no network\n" : "");
  };
  const auto record = run();
  EXPECT_THAT(told(record),
              ElementsAre("top::init:pass", "top.g::init:fail", "top.g.sub::init:skip",
                          "top.g.a:error", "top.g.sub.b:error", "top.c:pass",
                          "top.g.sub::deinit:skip", "top.g::deinit:pass", "top::deinit:pass"));
  EXPECT_EQ(record.units[4].finished->reason, "init of the group top.g failed: exit 7: no network");
}

TEST_F(Run, what_an_init_leaves_running_lives_until_its_deinit_has_ended) {
  tree.group("", "# NAME: top\n").group("010_g", "#\n").test("010_g/a").test("020_b");
  loop.script = [&](const process::Command& command) {
    const std::string name = command.env.at("RT_TEST_NAME");
    EXPECT_EQ(loop.serving(), command.cwd.filename() == "010_g" && command.argv.back() == "deinit"
                                  ? 1u
                              : name == "top.g.a" ? 1u
                                                  : 0u);
    FakeLoop::Result result;
    result.serving = command.cwd.filename() == "010_g" && command.argv.back() == "init";
    return result;
  };
  const auto record = run();
  EXPECT_EQ(results::count(record).passed, 2);
  EXPECT_EQ(loop.serving(), 0u);
  EXPECT_TRUE(record.find({"group", "top.g::deinit", "amd64"})->finished->leaked)
      << "the deinit should have ended it";
}

TEST_F(Run, what_hooks_and_inits_leave_running_ends_with_an_interrupted_run) {
  tree.group("", "# NAME: top\n").write("pre-test.sh", "").test("010_a").test("020_b");
  std::stop_source stop;
  loop.script = [&](const process::Command& command) {
    FakeLoop::Result result;
    result.serving = !command.argv[1].ends_with("/test.sh");
    if (command.env.at("RT_TEST_NAME") == "top.b") stop.request_stop();
    return result;
  };
  const auto record = run(stop.get_token());
  EXPECT_EQ(loop.serving(), 0u);
  EXPECT_EQ(results::count(record).passed, 1);
}

TEST_F(Run, the_whole_takes_as_long_as_the_longest_case_when_others_fit_beside_it) {
  tree.group("", "# NAME: top\n");
  for (int i = 0; i < 9; ++i) tree.test("01" + std::to_string(i) + "_short" + std::to_string(i));
  tree.test("090_long");
  const auto seconds = [](const std::string& name) {
    return std::chrono::seconds(name.ends_with("long") ? 90 : name.starts_with("top.") ? 10 : 0);
  };
  loop.script = [&](const process::Command& command) {
    return FakeLoop::takes(seconds(command.env.at("RT_TEST_NAME")));
  };
  options.duration = [&](const results::UnitId& unit) { return seconds(unit.name); };
  options.jobs = 2;
  run();
  EXPECT_EQ(loop.elapsed(), std::chrono::seconds(90));
  EXPECT_EQ(loop.most_at_once(), 2u);
}

TEST_F(Run, what_cases_declare_is_honoured) {
  for (const char* name : {"a", "b", "c"}) tree.test(name, "# EXCLUSIVE: disk\n");
  tree.test("d", "# RESOURCES: cpus=3\n").test("e").test("f");
  loop.script = [&](const process::Command&) { return FakeLoop::takes(std::chrono::seconds(1)); };
  options.jobs = 3;
  EXPECT_THAT(told(run()), Contains("d:pass"));
  // The exclusive ones one after the other, with others beside them; then the one that needs all.
  EXPECT_EQ(loop.elapsed(), std::chrono::seconds(4));
}

TEST_F(Run, a_time_limit_of_the_whole_ends_it_and_is_told) {
  tree.test("010_a").test("020_b").test("030_c");
  loop.script = [](const process::Command&) { return FakeLoop::takes(std::chrono::seconds(40)); };
  options.global_timeout = std::chrono::seconds(60);
  const auto record = run();
  EXPECT_EQ(loop.elapsed(), std::chrono::seconds(60));
  EXPECT_THAT(told(record), ElementsAre("a:pass", "b:timeout", "c:missing"));
  EXPECT_EQ(record.units[1].finished->reason, "the time limit of the whole run, 1m, was over");
  EXPECT_FALSE(record.finished);
}

TEST_F(Run, continues_with_what_has_no_result) {
  tree.group("", "# NAME: top\n").test("010_a").test("020_b").test("030_c");
  std::stop_source stop;
  loop.script = [&](const process::Command& command) {
    if (command.env.at("RT_TEST_NAME") == "top.b") stop.request_stop();
    return FakeLoop::takes(std::chrono::seconds(1));
  };
  EXPECT_THAT(told(run(stop.get_token())), Contains("top.b:cancel"));

  const Unfinished left = read_unfinished(options.results, "id");
  EXPECT_EQ(left.finished, 1u);
  EXPECT_THAT(left.units, ElementsAre(results::UnitId{"case", "top.b", "amd64"},
                                      results::UnitId{"case", "top.c", "amd64"}));
  options.only = left.units;
  options.only->insert({"case", "top.gone", "amd64"});
  loop.commands.clear();
  const auto record = run();
  EXPECT_THAT(commands(), ElementsAre(testing::EndsWith("group.sh init"), "020_b test.sh",
                                      "030_c test.sh", testing::EndsWith("group.sh deinit")));
  EXPECT_EQ(results::count(record).passed, 3);
  EXPECT_EQ(results::count(record).errored, 1) << "a case that has gone is not forgotten";
  EXPECT_TRUE(record.finished);
  EXPECT_TRUE(read_unfinished(options.results, "id").units.empty());
  EXPECT_THROW(read_unfinished(options.results, "di"), Error);
}

TEST_F(Run, an_event_log_that_cannot_be_written_stops_everything) {
  if (!fs::exists("/dev/full")) GTEST_SKIP();
  fs::create_directories(options.results / "id");
  tree.test("010_a").test("020_b");
  loop.script = [&](const process::Command&) {
    // From now on the log cannot take anything.
    const fs::path log = options.results / "id" / "events.jsonl";
    struct rlimit limit {
      fs::file_size(log), RLIM_INFINITY
    };
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return FakeLoop::exit(0);
  };
  EXPECT_THROW(run(), Error);
  const struct rlimit none { RLIM_INFINITY, RLIM_INFINITY };
  ::setrlimit(RLIMIT_FSIZE, &none);
  EXPECT_EQ(loop.commands.size(), 1u);
  EXPECT_EQ(results::count(results::read_run(options.results / "id")).passed, 0);
}

TEST_F(Run, says_what_the_shell_does_not) {
  tree.test("010_crlf", "#!/bin/sh\r\nexit 0\r\n").test("020_gone");
  loop.script = [&](const process::Command& command) {
    if (command.env.at("RT_TEST_NAME") == "gone") fs::remove_all(command.cwd);
    return FakeLoop::exit(2);
  };
  const auto record = run();
  EXPECT_EQ(record.units[0].finished->reason,
            "exit 2; test.sh has CRLF line ends, which sh does not understand");
  EXPECT_EQ(record.units[1].finished->result, Result::error);
  EXPECT_THAT(record.units[1].finished->reason, HasSubstr("020_gone/test.sh cannot be read"));
}

TEST_F(Run, two_units_with_one_name_are_refused) {
  tree.test("010_t", "# REPEAT: 1\n").test("020_t/1");
  EXPECT_THROW(run(), Error);
  EXPECT_TRUE(loop.commands.empty());
}

TEST_F(Run, shards_keep_iterations_together_and_the_first_tells_what_is_skipped) {
  tree.test("010_a", "# REPEAT: 2\n").test("020_b", "# LABELS: slow\n").test("030_c");
  options.shard = {1, 2};
  EXPECT_THAT(told(run()), ElementsAre("a.1:pass", "a.2:pass", "b:skip"));
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

}  // namespace
}  // namespace rtfx::runner
