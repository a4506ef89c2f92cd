// SPDX-License-Identifier: Apache-2.0
//
// Commands in a loop: how they start and end.
#include "harness/process/loop.hpp"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "base/files.hpp"
#include "harness/process/loop_fixture.hpp"
#include "harness/process/strangers.hpp"

namespace rtfx::process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(LoopTest, tells_output_and_end) {
  const Told told = run(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(told.out, "out\n");
  EXPECT_EQ(told.err, "err\n");
  EXPECT_EQ(told.outcome.exit_code, 3);
  EXPECT_EQ(told.failure, "no error");
  EXPECT_FALSE(told.outcome.leaked);
  EXPECT_GT(told.outcome.elapsed, 0ns);
}

TEST_F(LoopTest, tells_what_cannot_be_started_but_not_from_within_start) {
  const TemporaryDirectory directory;
  const fs::path vanished = directory.path() / "vanished";
  fs::create_directory(vanished);
  write_file_atomically(directory.path() / "broken", "#!/no/such/interpreter\n", 0755);
  const std::vector<std::pair<Command, std::string>> all = {
      {{.argv = {"rtfx-no-such-program"}}, "rtfx-no-such-program: not found in PATH"},
      {{.argv = {"/no/such/program"}}, "cannot start /no/such/program: No such file or directory"},
      {{.argv = {"/etc/passwd"}}, "cannot start /etc/passwd: Permission denied"},
      {{.argv = {(directory.path() / "broken").string()}},
       "cannot start " + (directory.path() / "broken").string() + ": No such file or directory"},
      {{.argv = {"true"}, .cwd = vanished},
       "cannot run true in " + vanished.string() + ": No such file or directory"},
      {{.argv = {"true", std::string(200'000, 'x')}}, "cannot start true: Argument list too long"},
      {{.argv = std::vector<std::string>(200, std::string(100'000, 'x'))}, "not found in PATH"},
  };
  fs::remove(vanished);
  for (auto [command, expected] : all) {
    command.timeout = 20s;
    Told told;
    start(command, told, stop());
    EXPECT_EQ(told.calls, 0);
    loop->run();
    EXPECT_EQ(told.calls, 1);
    EXPECT_THAT(told.failure, testing::EndsWith(expected));
  }
  EXPECT_EQ(run(shell("exit 5")).outcome.exit_code, 5) << "the supervisor goes on";
}

TEST_F(LoopTest, passes_arguments_and_environment_of_any_size_that_the_kernel_takes) {
  Command command = shell("echo ${#1} ${#BIG} $#");
  command.argv.push_back("sh");
  for (int i = 0; i < 12; ++i) command.argv.emplace_back(100'000, 'x');
  command.env["BIG"] = std::string(100'000, 'y');
  EXPECT_EQ(run(command).out, "100000 100000 12\n");
  for (int i = 0; i < 100; ++i) command.argv.emplace_back(100'000, 'x');
  EXPECT_EQ(run(command).failure, "cannot start /usr/bin/sh: Argument list too long");
  command.argv = {"sh", "-c", "echo $#$BIG", "", "", ""};
  command.env["BIG"] = "";
  EXPECT_EQ(run(command).out, "2\n") << "empty arguments and values are kept";
}

TEST_F(LoopTest, starts_in_the_directory_that_is_current_at_the_start) {
  run(shell(":"));
  const TemporaryDirectory directory;
  fs::create_directory(directory.path() / "sub");
  const fs::path before = fs::current_path();
  fs::current_path(directory.path());
  Command command = shell("pwd");
  EXPECT_EQ(run(command).out, directory.path().string() + "\n");
  command.cwd = "sub";
  EXPECT_EQ(run(command).out, (directory.path() / "sub").string() + "\n");
  fs::current_path(before);
}

TEST_F(LoopTest, runs_100_at_once) {
  std::vector<Told> told(100);
  int left = 100;
  for (int i = 0; i < 100; ++i) {
    // None ends before all have been started.
    start(shell("read line && echo " + std::to_string(i) + " && exit " + std::to_string(i)),
          told[static_cast<std::size_t>(i)], [&] {
            if (--left == 0) loop->stop();
          });
  }
  const TemporaryDirectory directory;
  loop->run();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(told[static_cast<std::size_t>(i)].outcome.exit_code, 1) << "read meets the end";
    EXPECT_EQ(told[static_cast<std::size_t>(i)].calls, 1);
  }
  EXPECT_THAT(strangers(), IsEmpty());
  EXPECT_LE(supervisor_pool().pids().size(), 18u) << "not all are kept";
}

TEST_F(LoopTest, starts_the_next_from_within_the_end_of_the_last) {
  std::vector<int> codes;
  std::function<void(int)> next = [&](int code) {
    loop->start(shell("exit " + std::to_string(code)), {},
                [&](const Outcome& outcome, const std::exception_ptr&) {
                  codes.push_back(outcome.exit_code);
                  if (outcome.exit_code == 5) return loop->stop();
                  next(outcome.exit_code + 1);
                });
  };
  next(1);
  loop->run();
  EXPECT_THAT(codes, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(LoopTest, uses_one_supervisor_for_one_command_after_the_other) {
  const std::string first = run(shell("echo $PPID")).out;
  EXPECT_EQ(run(shell("echo $PPID; sleep 60 & exit 1")).out, first);
  EXPECT_EQ(run({.argv = {"/no/such"}, .timeout = 1s}).calls, 1);
  EXPECT_EQ(run(shell("echo $PPID; ls /proc/self/fd | wc -l")).out, first + "4\n");
}

TEST_F(LoopTest, ends_what_takes_too_long) {
  for (const char* script :
       {"trap '' TERM; while :; do sleep 1; done", "kill -STOP $$", "kill -STOP $PPID",
        "kill -STOP $PPID $$", "setsid sleep 60 & while :; do kill -STOP $PPID; done",
        "while :; do echo y; done",
        "setsid sh -c 'trap \"\" TERM; setsid sleep 60 & sleep 60' & wait"}) {
    Command command = shell(script);
    command.timeout = 150ms;
    for (const auto grace : {100ms, 0ms}) {
      command.grace = grace;
      const Told told = run(command);
      EXPECT_EQ(told.outcome.ending, Ending::timed_out) << script;
      EXPECT_EQ(told.failure, "no error") << script;
      EXPECT_THAT(strangers(), IsEmpty()) << script;
    }
  }
}

TEST_F(LoopTest, cancels_before_the_program_runs) {
  const TemporaryDirectory directory;
  for (int i = 0; i < 20; ++i) {
    Command command = shell("trap '' TERM; sleep 60");
    command.grace = i % 2 == 0 ? 0ms : 50ms;
    Told told;
    const auto child = start(command, told, stop());
    i % 4 < 2 ? loop->cancel(child) : loop->kill(child);
    EXPECT_EQ(told.calls, 0);
    loop->run();
    EXPECT_EQ(told.outcome.ending, Ending::cancelled);
    EXPECT_EQ(told.failure, "no error");
    loop->cancel(child);  // it has ended: nothing happens
    loop->kill(child);
  }
  EXPECT_THAT(strangers(), IsEmpty());
}

TEST_F(LoopTest, kills_at_once) {
  Told told;
  const auto child =
      start(shell("trap 'echo trapped' TERM; echo go; sleep 60 & wait"), told, stop());
  loop->after(300ms, [&] { loop->kill(child); });
  loop->run();
  EXPECT_EQ(told.out, "go\n");
  EXPECT_EQ(told.outcome.ending, Ending::cancelled);
  EXPECT_THAT(strangers(), IsEmpty());
}

TEST_F(LoopTest, is_cancelled_within_2_seconds_while_a_daemon_is_left) {
  Told told;
  Command command = shell("setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & exit 0");
  command.grace = 50s;
  const auto child = start(command, told, stop());
  const auto begin = steady_clock::now();
  loop->after(50ms, [&] { loop->cancel(child); });
  loop->run();
  EXPECT_LT(steady_clock::now() - begin, 3s);
  EXPECT_TRUE(told.outcome.leaked);
  EXPECT_EQ(told.outcome.ending, Ending::exited) << "that is how the program itself had ended";
}

TEST_F(LoopTest, lets_what_serves_live_until_it_is_cancelled) {
  Command command = shell("(sleep 0.3; echo later; exec sleep 61) & setsid sleep 62 & echo ready");
  command.serves = true;
  std::string out;
  Outcome outcome;
  bool gone = false;
  Loop::Child child{};
  child = loop->start(
      command, [&](Stream, std::string_view bytes) { out += bytes; },
      [&](const Outcome& told, const std::exception_ptr& failure) {
        EXPECT_EQ(message_of(failure), "no error");
        EXPECT_EQ(out, "ready\n");
        outcome = told;
        loop->after(600ms, [&] {
          EXPECT_FALSE(gone);
          EXPECT_EQ(out, "ready\nlater\n");
          EXPECT_FALSE(strangers().empty());
          loop->cancel(child);
        });
      });
  loop->when_gone(child, [&] {
    gone = true;
    loop->stop();
  });
  loop->run();
  EXPECT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome.serving);
  EXPECT_FALSE(outcome.leaked);
  EXPECT_THAT(strangers(), IsEmpty());
  bool at_once = false;
  loop->when_gone(child, [&] { at_once = true; });
  EXPECT_TRUE(at_once);
}

TEST_F(LoopTest, what_serves_nobody_is_gone_with_its_command) {
  Command command = shell("exit 3");
  command.serves = true;
  const Told told = run(command);
  EXPECT_EQ(told.outcome.exit_code, 3);
  EXPECT_FALSE(told.outcome.serving);
}

TEST_F(LoopTest, what_serves_dies_with_the_loop) {
  Command command =
      shell("trap '' TERM; sh -c 'trap \"\" TERM; while :; do sleep 1; done' & exit 0");
  command.serves = true;
  EXPECT_TRUE(run(command).outcome.serving);
  loop.reset();
  EXPECT_THAT(strangers(), IsEmpty());
}

TEST(LoopThreads, has_loops_in_several_threads) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      const auto loop = make_loop();
      int left = 100;
      std::function<void()> next = [&] {
        loop->start(shell("exit " + std::to_string(t)), {},
                    [&](const Outcome& outcome, const std::exception_ptr&) {
                      EXPECT_EQ(outcome.exit_code, t);
                      --left > 0 ? next() : loop->stop();
                    });
      };
      next();
      loop->run();
    });
  }
  threads.clear();
  EXPECT_THAT(strangers(), IsEmpty());
}

}  // namespace
}  // namespace rtfx::process
