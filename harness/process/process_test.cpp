// SPDX-License-Identifier: Apache-2.0
#include "harness/process/process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/process/fake_runner.hpp"
#include "harness/process/strangers.hpp"

namespace rtfx::process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::HasSubstr;

Command shell(std::string script) {
  return {.argv = {"sh", "-c", std::move(script)}, .timeout = 20s};
}

Captured run(const Command& command, std::stop_token stop = {}) {
  return run_captured(system_runner(), command, std::move(stop));
}

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

/// Whether the process whose pid a script has written to the file is alive (a zombie is not).
bool is_alive(const fs::path& pid_file) {
  const std::string pid(text::trim(read_file(pid_file)));
  std::ifstream stat("/proc/" + pid + "/stat");
  std::string line;
  if (!std::getline(stat, line)) return false;
  return line.at(line.rfind(')') + 2) != 'Z';
}

TEST(Process, reports_the_exit_code) {
  EXPECT_TRUE(run(shell("exit 0")).outcome.ok());
  const auto outcome = run(shell("exit 37")).outcome;
  EXPECT_EQ(outcome.ending, Ending::exited);
  EXPECT_EQ(outcome.exit_code, 37);
  EXPECT_FALSE(outcome.ok());
  EXPECT_FALSE(outcome.leaked);
  EXPECT_EQ(outcome.str(), "exit 37");
}

TEST(Process, tells_death_by_a_signal_from_an_exit_code_of_that_number) {
  const auto killed = run(shell("kill -9 $$")).outcome;
  EXPECT_EQ(killed.ending, Ending::signalled);
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_EQ(killed.str(), "killed by signal 9 (SIGKILL)");
  const auto exited = run(shell("exit 9")).outcome;
  EXPECT_EQ(exited.ending, Ending::exited);
  EXPECT_EQ(exited.exit_code, 9);
}

TEST(Process, keeps_the_streams_apart_and_every_byte_as_it_is) {
  const auto captured = run(shell(R"(printf 'a\000\377\n\r'; printf 'e\001' >&2)"));
  EXPECT_EQ(captured.out, std::string("a\0\377\n\r", 5));
  EXPECT_EQ(captured.err, "e\001");
}

TEST(Process, passes_a_line_of_300_kB_and_what_follows) {
  const auto captured = run(shell("head -c 300000 /dev/zero | tr '\\0' x; seq 2000"));
  EXPECT_EQ(captured.out.size(), 300000 + 8893u);
  EXPECT_THAT(captured.out.substr(captured.out.size() - 10), "1999\n2000\n");
}

TEST(Process, streams_200_MB_without_growing) {
  std::size_t total = 0;
  run(shell(":"));
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto outcome =
      system_runner().run(shell("head -c 200000000 /dev/zero"),
                          [&](Stream, std::string_view bytes) { total += bytes.size(); }, {});
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(total, 200'000'000u);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 4096) << "kB";
}

TEST(Process, captures_at_most_64_MiB) {
  EXPECT_EQ(run(shell("head -c 80000000 /dev/zero")).out.size(), std::size_t{64} << 20);
}

TEST(Process, gives_the_standard_input_and_ends_it) {
  auto command = shell("cat; echo end");
  command.stdin_text = "one\ntwo\n";
  EXPECT_EQ(run(command).out, "one\ntwo\nend\n");
  command.stdin_text.assign(5'000'000, 'x');
  EXPECT_EQ(run(command).out.size(), 5'000'004u);
  command.argv = {"true"};  // reads nothing
  EXPECT_TRUE(run(command).outcome.ok());
  EXPECT_EQ(run(shell("cat; echo end")).out, "end\n") << "without a text it is empty";
}

TEST(Process, takes_a_descriptor_for_standard_input_and_leaves_it_open) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  write_all(writing.get(), "one\ntwo\nthree\n", "pipe");
  Command command = shell("read line; echo $line");
  command.stdin_fd = reading.get();
  EXPECT_EQ(run(command).out, "one\n");
  writing.close();
  EXPECT_EQ(run(command).out, "two\n");
}

TEST(Process, sets_environment_and_directory) {
  ::setenv("RTFX_TEST_INHERITED", "from outside", 1);
  const TemporaryDirectory directory;
  auto command = shell("echo \"$RTFX_TEST_INHERITED,$ADDED\"; pwd");
  command.cwd = directory.path();
  command.env = {{"ADDED", "here"}};
  EXPECT_EQ(run(command).out, "from outside,here\n" + directory.path().string() + "\n");
  command.env = {{"RTFX_TEST_INHERITED", "replaced"}};
  EXPECT_THAT(run(command).out, HasSubstr("replaced,\n"));
  command.argv = {"env"};
  command.clear_env = true;
  EXPECT_EQ(run(command).out, "RTFX_TEST_INHERITED=replaced\n");
}

TEST(Process, says_what_cannot_be_started) {
  const auto message = [](Command command) -> std::string {
    command.timeout = 5s;
    try {
      run(command);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::host);
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message({.argv = {"rtfx-no-such-program"}}), "rtfx-no-such-program: not found in PATH");
  EXPECT_EQ(message({.argv = {"/no/such/program"}}),
            "cannot start /no/such/program: No such file or directory");
  EXPECT_EQ(message({.argv = {"/etc/passwd"}}), "cannot start /etc/passwd: Permission denied");
  EXPECT_EQ(message({.argv = {"true"}, .cwd = "/no/such/place"}),
            "cannot run true in /no/such/place: No such file or directory");
}

TEST(Process, gives_children_their_own_group_no_foreign_descriptors_and_default_signals) {
  ::signal(SIGPIPE, SIG_IGN);
  const auto captured = run(
      shell("ls /proc/self/fd | tr '\\n' ' '; grep -E '^Sig(Blk|Ign)' /proc/self/status; "
            "[ \"$(cut -d' ' -f5,6 /proc/$$/stat)\" = \"$$ $$\" ] && echo own group and session"));
  EXPECT_EQ(captured.out,
            "0 1 2 3 SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nown group and session\n")
      << "3 is ls's own";
  ::signal(SIGPIPE, SIG_DFL);
}

TEST(Process, does_not_wait_for_a_grandchild_that_holds_the_pipe) {
  const auto start = steady_clock::now();
  const auto captured = run(shell("echo out; sleep 60 & exit 4"));
  EXPECT_LT(seconds_since(start), 1.5);
  EXPECT_EQ(captured.outcome.exit_code, 4);
  EXPECT_TRUE(captured.outcome.leaked);
  EXPECT_EQ(captured.out, "out\n");
}

TEST(Process, waits_for_the_output_of_a_grandchild_that_ends_soon) {
  const auto captured = run(shell("(sleep 0.03; echo late) & echo early"));
  EXPECT_EQ(captured.out, "early\nlate\n");
  EXPECT_FALSE(captured.outcome.leaked);
}

TEST(Process, finds_and_kills_a_daemon) {
  const TemporaryDirectory directory;
  auto command = shell(
      "env -i /usr/bin/setsid /bin/sh -c '/usr/bin/setsid /bin/sh -c \"trap \\\"\\\" TERM HUP; "
      "echo \\$\\$ >pid; "
      "exec >/dev/null 2>&1 </dev/null; while :; do sleep 1; done\" & exit 0'; "
      "while ! [ -s pid ]; do sleep 0.01; done; exit 5");
  command.cwd = directory.path();
  command.grace = 200ms;
  const auto outcome = run(command).outcome;
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_TRUE(outcome.leaked);
  EXPECT_FALSE(is_alive(directory.path() / "pid"));
}

TEST(Process, lets_a_daemon_clean_up_on_sigterm) {
  const TemporaryDirectory directory;
  auto command = shell(
      "setsid sh -c 'trap \"echo bye >farewell; exit\" TERM; echo $$ >pid; while :; do sleep 0.05; "
      "done' >/dev/null 2>&1 & while ! [ -s pid ]; do sleep 0.01; done");
  command.cwd = directory.path();
  EXPECT_TRUE(run(command).outcome.leaked);
  EXPECT_EQ(read_file(directory.path() / "farewell"), "bye\n");
}

TEST(Process, ends_what_takes_too_long) {
  for (const char* script : {"sleep 60", "trap '' TERM; while :; do sleep 1; done", "kill -STOP $$",
                             "while :; do echo y; done", "sleep 60 | sleep 60 | sleep 60"}) {
    auto command = shell(script);
    command.timeout = 300ms;
    command.grace = 200ms;
    const auto start = steady_clock::now();
    const auto outcome = system_runner().run(command, {}, {});
    EXPECT_EQ(outcome.ending, Ending::timed_out) << script;
    EXPECT_FALSE(outcome.leaked) << script;
    EXPECT_LT(seconds_since(start), 1.5) << script;
    EXPECT_THAT(outcome.str(), testing::MatchesRegex("timed out after [01]\\.[0-9] s")) << script;
    EXPECT_THAT(strangers(), testing::IsEmpty()) << script;
  }
}

TEST(Process, gives_output_that_comes_after_sigterm) {
  auto command = shell("trap 'echo cleaned; exit 0' TERM; while :; do sleep 0.02; done");
  command.timeout = 200ms;
  const auto captured = run(command);
  EXPECT_EQ(captured.outcome.ending, Ending::timed_out);
  EXPECT_EQ(captured.out, "cleaned\n");
}

TEST(Process, is_cancelled_within_2_seconds_whatever_the_grace) {
  std::stop_source stop;
  auto command = shell("trap '' TERM; while :; do sleep 1; done");
  command.grace = 60s;
  const auto start = steady_clock::now();
  std::jthread canceller([&] {
    std::this_thread::sleep_for(200ms);
    stop.request_stop();
  });
  const auto outcome = run(command, stop.get_token()).outcome;
  EXPECT_EQ(outcome.ending, Ending::cancelled);
  EXPECT_EQ(outcome.str(), "cancelled");
  EXPECT_LT(seconds_since(start), 2.0);
  EXPECT_EQ(run(shell("echo no"), stop.get_token()).out, "") << "nothing is started after a stop";
}

TEST(Process, ends_the_tree_when_the_sink_throws) {
  const auto start = steady_clock::now();
  EXPECT_THROW(system_runner().run(shell("echo x; trap '' TERM; sleep 60"),
                                   [](Stream, std::string_view) { throw Error("full"); }, {}),
               Error);
  EXPECT_LT(seconds_since(start), 1.5);
  EXPECT_THAT(strangers(), testing::IsEmpty());
}

TEST(Process, survives_a_child_that_kills_its_parent) {
  EXPECT_THROW(run(shell("setsid sleep 60 & kill -9 $PPID; sleep 60")), Error);
  EXPECT_THAT(strangers(), testing::IsEmpty());
}

TEST(Process, keeps_20_parallel_runs_apart) {
  const TemporaryDirectory directory;
  const auto start = steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 20; ++i) {
      threads.emplace_back([&, i] {
        // Every other run leaves a daemon and ends early; the rest must not be touched by the cleaning up.
        auto command =
            i % 2 == 0
                ? shell("setsid sh -c 'setsid sleep 60 & exit' >/dev/null 2>&1; echo ok; exit 3")
                : shell("setsid sh -c 'sleep 0.8; echo ok' & wait; exit 3");
        command.grace = 100ms;
        command.cwd = directory.path();
        for (int round = 0; round < 2; ++round) {
          const auto captured = run(command);
          EXPECT_EQ(captured.out, "ok\n") << i;
          EXPECT_EQ(captured.outcome.exit_code, 3) << i;
          EXPECT_EQ(captured.outcome.leaked, i % 2 == 0) << i;
        }
      });
    }
  }
  EXPECT_LT(seconds_since(start), 10);
  EXPECT_THAT(strangers(), testing::IsEmpty());
}

TEST(Process, runs_200_one_after_the_other) {
  const auto start = steady_clock::now();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(run(shell(":")).outcome.ok());
  RecordProperty("milliseconds", std::to_string(seconds_since(start) * 1000 / 200));
  EXPECT_THAT(strangers(), testing::IsEmpty());
}

TEST(Process, refuses_to_run_without_a_limit) {
  EXPECT_DEATH(run({.argv = {"true"}}), "bug: a command without a time limit: true");
}

TEST(FindProgram, looks_into_PATH) {
  EXPECT_EQ(find_program("no-such-program"), std::nullopt);
  ASSERT_TRUE(find_program("sh"));
  EXPECT_TRUE(find_program("sh")->is_absolute());
  EXPECT_THROW(
      try { require_program("no-such-program", "some-package"); } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::host);
        EXPECT_STREQ(error.what(),
                     "no-such-program is not installed: apt-get install some-package");
        throw;
      },
      Error);
}

TEST(FakeRunner, records_and_answers) {
  FakeRunner runner;
  runner.script = [](const Command& command) {
    return FakeRunner::exit(2, "out of " + command.argv[0], "err");
  };
  const auto captured = run_captured(runner, {.argv = {"tool"}, .timeout = 1s});
  EXPECT_EQ(captured.outcome.exit_code, 2);
  EXPECT_EQ(captured.out, "out of tool");
  EXPECT_EQ(captured.err, "err");
  ASSERT_EQ(runner.commands.size(), 1u);
}

}  // namespace
}  // namespace rtfx::process
