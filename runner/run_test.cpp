// SPDX-License-Identifier: Apache-2.0
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
  loop.script = [](const process::Command& command) -> FakeLoop::Result {
    using process::Ending;
    const std::string name = command.env.at("RT_TEST_NAME");
    if (name == "fail") return FakeLoop::exit(3, "", "+ trace\nno disk\n+ exit 3\n");
    if (name == "cancel") return FakeLoop::exit(253);
    FakeLoop::Result result;
    if (name == "signal") result.outcome = {.ending = Ending::signalled, .signal = 11};
    if (name == "timeout") {
      result.outcome = {
          .ending = Ending::timed_out, .elapsed = std::chrono::seconds(10), .leaked = true};
    }
    if (name == "none") result.failure = std::make_exception_ptr(Error("no shell", ExitCode::host));
    if (name == "signal" || name == "timeout" || name == "none") return result;
    return FakeLoop::exit(0);
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
  ASSERT_EQ(loop.commands.size(), 1u);
  const process::Command& command = loop.commands[0];
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

TEST_F(Run, tells_every_script_of_a_variant_which_one_it_is) {
  tree.group("", "# NAME: top\n").write("pre-test.sh", "").write("post-test.sh", "");
  tree.group("010_g", "# VARIANTS: 6.12 6.1\n").test("010_g/sub/t").test("020_out");
  options.env = {{"RTFX_VARIANT", "given"}};
  EXPECT_EQ(results::count(run()).passed, 3);
  std::vector<std::string> variants;
  for (const auto& command : loop.commands) variants.push_back(command.env.at("RTFX_VARIANT"));
  EXPECT_THAT(variants, ElementsAre("given",                                 // init of top
                                    "6.12", "6.12", "6.12", "6.12", "6.12",  //
                                    "6.1", "6.1", "6.1", "6.1", "6.1",       //
                                    "given", "given", "given", "given"));
  EXPECT_THAT(commands(), Contains("t test.sh").Times(2));
  EXPECT_TRUE(fs::exists(options.results / "id" / "top.g.6.12.sub.t.log"));
  EXPECT_TRUE(fs::exists(options.results / "id" / "top.g.6.1.sub.t.log"));
  loop.commands.clear();
  options.env.clear();
  options.patterns = {"top.out"};
  options.id = "second";
  run();
  for (const auto& command : loop.commands) EXPECT_FALSE(command.env.contains("RTFX_VARIANT"));
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
  EXPECT_EQ(loop.commands.size(), 3u);
  loop.commands.clear();
  options.patterns = {"top.a"};
  options.id = "second";
  record = run();
  EXPECT_TRUE(loop.commands.empty());
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
  EXPECT_EQ(loop.commands.size(), 1u);
}

TEST_F(Run, what_would_run_for_an_arch_that_is_not_prepared_is_an_error_and_other_arches_run) {
  tree.group("", "# NAME: top\n").test("010_a").test("020_b", "# LABELS: slow\n");
  options.arches = {arches.find("arm64"), arches.find("s390x")};
  options.unprepared = {{"s390x", "its packages were not built"}};
  const auto record = run();
  EXPECT_THAT(told(record), ElementsAre("top::init:pass", "top.a:pass", "top.b:skip", "top.a:error",
                                        "top.b:skip", "top::deinit:pass"));
  EXPECT_EQ(record.find({"case", "top.a", "s390x"})->finished->reason,
            "its packages were not built");
  EXPECT_EQ(loop.commands.size(), 3u);
}

TEST_F(Run, a_known_pass_is_no_result_for_an_arch_that_is_not_prepared) {
  tree.group("", "# NAME: top\n").test("010_a");
  options.unprepared = {{"amd64", "its packages were not built"}};
  options.key = [](const Case&, const Arch&) { return "key"; };
  options.known = [](const results::UnitId& unit, const std::string&) {
    results::UnitFinished pass;
    pass.unit = unit;
    return pass;
  };
  EXPECT_THAT(told(run()), ElementsAre("top.a:error"));
  EXPECT_TRUE(loop.commands.empty());
}

TEST_F(Run, a_stop_leaves_the_rest_without_a_result_and_the_log_incomplete) {
  tree.group("", "# NAME: top\n").test("010_a").test("020_b").test("030_c");
  std::stop_source stop;
  loop.script = [&](const process::Command& command) -> FakeLoop::Result {
    if (command.env.at("RT_TEST_NAME") != "top.b") return FakeLoop::exit(0);
    stop.request_stop();
    return FakeLoop::takes(std::chrono::hours(1));
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
  loop.script = [](const process::Command& command) {
    const std::string name = command.env.at("RT_TEST_NAME");
    return FakeLoop::exit(name.ends_with("3") ? 1 : 0, "out of " + name + "\n", "err\n");
  };
  const auto one = told(run());
  options.jobs = 8;
  options.id = "second";
  EXPECT_EQ(told(run()), one);
  EXPECT_EQ(read_file(options.results / "second" / "top.g.h.7.2.s390x.log"),
            "out of top.g.h.7.2\nerr\n");
}

TEST_F(Run, a_case_that_fails_is_tried_again_and_is_flaky_when_it_passes) {
  tree.test("t", "# RETRIES: 2\n");
  int attempts = 0;
  loop.script = [&](const process::Command& command) {
    EXPECT_EQ(command.env.at("RTFX_ATTEMPT"), std::to_string(++attempts));
    return attempts < 3 ? FakeLoop::exit(attempts, "output " + std::to_string(attempts))
                        : FakeLoop::exit(0, "good");
  };
  const auto record = run();
  ASSERT_EQ(record.units.size(), 1u);
  EXPECT_TRUE(record.units[0].flaky());
  ASSERT_EQ(record.units[0].retried.size(), 2u);
  EXPECT_EQ(record.units[0].retried[1].reason, "exit 2");
  const fs::path folder_of_run = options.results / "id";
  EXPECT_EQ(read_file(folder_of_run / record.units[0].retried[0].log), "output 1");
  EXPECT_EQ(read_file(folder_of_run / record.units[0].retried[1].log), "output 2");
  EXPECT_EQ(read_file(folder_of_run / "t.log"), "good");
}

TEST_F(Run, retries_end_and_a_cancelled_case_is_not_tried_again) {
  tree.test("010_bad").test("020_cancelled").test("030_never", "# RETRIES: 0\n");
  options.retries = 3;
  loop.script = [](const process::Command& command) {
    return FakeLoop::exit(command.env.at("RT_TEST_NAME") == "cancelled" ? 253 : 1);
  };
  const auto record = run();
  EXPECT_THAT(told(record), ElementsAre("bad:fail", "cancelled:cancel", "never:fail"));
  EXPECT_EQ(record.units[0].retried.size(), 3u);
  EXPECT_EQ(loop.commands.size(), 6u);
}

TEST_F(Run, hooks_run_around_every_attempt_and_are_told_the_result) {
  tree.write("pre-test.sh", "").write("post-test.sh", "").test("t", "# RETRIES: 1\n");
  int tests = 0;
  loop.script = [&](const process::Command& command) {
    return FakeLoop::exit(command.argv[1].ends_with("/test.sh") && tests++ == 0 ? 1 : 0);
  };
  EXPECT_TRUE(run().units[0].flaky());
  EXPECT_THAT(commands(), ElementsAre("t pre-test.sh t", "t test.sh", "t post-test.sh t 1",
                                      "t pre-test.sh t", "t test.sh", "t post-test.sh t 0"));
}

TEST_F(Run, a_hook_that_fails_is_an_error_and_hides_no_failure) {
  tree.write("pre-test.sh", "").write("post-test.sh", "");
  tree.test("010_pre").test("020_post").test("030_both");
  loop.script = [](const process::Command& command) {
    const std::string name = command.env.at("RT_TEST_NAME");
    const fs::path script = fs::path(command.argv[1]).filename();
    if (name == "pre" && script == "pre-test.sh") return FakeLoop::exit(4);
    if (name == "both" && script == "test.sh") return FakeLoop::exit(5);
    return FakeLoop::exit(name != "pre" && script == "post-test.sh" ? 6 : 0);
  };
  const auto record = run();
  EXPECT_THAT(told(record), ElementsAre("pre:error", "post:error", "both:fail"));
  EXPECT_EQ(record.units[0].finished->reason, "pre-test.sh: exit 4");
  EXPECT_EQ(record.units[1].finished->reason, "post-test.sh: exit 6");
  EXPECT_EQ(record.units[2].finished->reason, "exit 5");
}

}  // namespace
}  // namespace rtfx::runner
