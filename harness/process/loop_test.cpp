// SPDX-License-Identifier: Apache-2.0
#include "harness/process/loop.hpp"

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
#include "harness/process/strangers.hpp"
#include "harness/process/supervisor_pool.hpp"

namespace rtfx::process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;

Command shell(std::string script) {
  return {.argv = {"sh", "-c", std::move(script)}, .timeout = 20s};
}

std::string message_of(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::host);
    return error.what();
  }
  return "no error";
}

/// A loop that ends a test which waits for ever, and one command's story.
struct LoopTest : testing::Test {
  struct Told {
    Outcome outcome;
    std::string out, err, failure = "not called";
    int calls = 0;
  };

  LoopTest() {
    loop->after(60s, [] { throw std::runtime_error("the test hangs"); });
  }

  Loop::Child start(Command command, Told& told, std::function<void()> then = {}) {
    return loop->start(
        std::move(command),
        [&told](Stream stream, std::string_view bytes) {
          EXPECT_EQ(told.calls, 0) << "output after the end";
          (stream == Stream::out ? told.out : told.err) += bytes;
        },
        [&told, then](const Outcome& outcome, const std::exception_ptr& failure) {
          ++told.calls;
          told.outcome = outcome;
          told.failure = message_of(failure);
          if (then) then();
        });
  }
  std::function<void()> stop() {
    return [this] { loop->stop(); };
  }
  Told run(Command command) {
    Told told;
    start(std::move(command), told, stop());
    loop->run();
    return told;
  }

  std::unique_ptr<Loop> loop = make_loop();
};

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
  for (const char* script : {"trap '' TERM; while :; do sleep 1; done", "kill -STOP $$",
                             "kill -STOP $PPID", "kill -STOP $PPID $$", "while :; do echo y; done",
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

TEST_F(LoopTest, goes_on_after_an_exception_of_a_sink_and_kills_at_its_end) {
  Told other;
  start(shell("sleep 0.3; echo other"), other, stop());
  loop->start(shell("echo x; trap '' TERM; sleep 60"),
              [](Stream, std::string_view) { throw Error("full"); }, {});
  EXPECT_THROW(loop->run(), Error);
  loop->run();
  EXPECT_EQ(other.out, "other\n");
  EXPECT_FALSE(strangers().empty());
  loop.reset();
  EXPECT_THAT(strangers(), IsEmpty());
}

TEST_F(LoopTest, lets_an_exception_of_an_end_through) {
  Told sleeper;
  start(shell("setsid sleep 60 & sleep 60"), sleeper);
  loop->start(shell(":"), {}, [](const Outcome&, const std::exception_ptr&) { throw Error("no"); });
  EXPECT_THROW(loop->run(), Error);
  loop.reset();
  EXPECT_EQ(sleeper.calls, 0);
  EXPECT_THAT(strangers(), IsEmpty());
}

TEST_F(LoopTest, keeps_time) {
  std::vector<int> order;
  const auto begin = loop->now();
  loop->after(60ms, [&] { order.push_back(3), loop->stop(); });
  const auto never = loop->after(40ms, [&] { order.push_back(9); });
  loop->after(20ms, [&] { order.push_back(2), loop->cancel(never); });
  loop->after(0ms, [&] { order.push_back(1); });
  const auto past = loop->after(0ms, [&] { order.push_back(8); });
  loop->cancel(past);
  loop->cancel(past);
  loop->run();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  EXPECT_GE(loop->now() - begin, 60ms);
}

TEST_F(LoopTest, takes_posts_from_other_threads) {
  int count = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        loop->post([&] {
          if (++count == 4000) loop->stop();
        });
      }
    });
  }
  loop->run();
  EXPECT_EQ(count, 4000);
}

TEST_F(LoopTest, keeps_what_is_posted_until_it_runs) {
  std::vector<int> order;
  loop->post([&] {
    order.push_back(1);
    loop->post([&] { order.push_back(3), loop->stop(); });
    loop->stop();
  });
  loop->post([&] { order.push_back(2); });
  loop->run();
  EXPECT_THAT(order, ElementsAre(1));
  loop->run();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST_F(LoopTest, watches_a_descriptor_until_its_end) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  FileDescriptor in(ends[0]), out(ends[1]);
  std::string text;
  loop->watch(in.get(), [] { FAIL() << "replaced"; });
  loop->watch(in.get(), [&] {
    char byte = 0;
    if (::read(in.get(), &byte, 1) == 1) {
      text += byte;
    } else {
      loop->unwatch(in.get());
      loop->unwatch(in.get());
      loop->after(30ms, stop());
    }
  });
  loop->post([&] { EXPECT_EQ(::write(out.get(), "ab", 2), 2); });
  loop->after(20ms, [&] { out.close(); });
  loop->run();
  EXPECT_EQ(text, "ab");
}

TEST_F(LoopTest, never_hears_from_a_file) {
  const TemporaryDirectory directory;
  write_file_atomically(directory.path() / "file", "text");
  for (const fs::path& path :
       {fs::path("/dev/null"), directory.path(), directory.path() / "file"}) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(file);
    loop->watch(file.get(), [&] { FAIL() << path; });
    loop->after(10ms, stop());
    loop->run();
    loop->unwatch(file.get());
  }
  EXPECT_THROW(loop->watch(-1, [] {}), Error);
}

TEST_F(LoopTest, streams_200_MB_without_growing_or_starving_others) {
  run(shell(":"));
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  std::size_t total = 0;
  int ticks = 0, others = 0, left = 2;
  const auto ended = [&](const Outcome& outcome, const std::exception_ptr&) {
    EXPECT_TRUE(outcome.ok());
    if (--left == 0) loop->stop();
  };
  const Sink count = [&](Stream, std::string_view bytes) { total += bytes.size(); };
  loop->start(shell("head -c 100000000 /dev/zero"), count, ended);
  loop->start(shell("head -c 100000000 /dev/zero >&2"), count, ended);
  std::function<void()> tick = [&] { ++ticks, loop->after(1ms, tick); };
  tick();
  std::function<void()> other = [&] {
    loop->start(shell(":"), {}, [&](const Outcome&, const std::exception_ptr&) {
      if (left == 2) ++others, other();
    });
  };
  other();
  loop->run();
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(total, 200'000'000u);
  EXPECT_GT(ticks, 3);
  EXPECT_GT(others, 0);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 4096) << "kB";
}

TEST_F(LoopTest, tells_when_a_supervisor_was_killed_and_replaces_it) {
  const Told told = run(shell("setsid sleep 60 & kill -9 $PPID; sleep 60"));
  EXPECT_EQ(told.failure, "sh: the process that supervised it was killed");
  EXPECT_THAT(strangers(), IsEmpty());
  EXPECT_EQ(run(shell("echo here")).out, "here\n");
}

TEST_F(LoopTest, replaces_supervisors_and_zygotes_that_were_killed_while_they_waited) {
  run(shell(":"));
  for (const pid_t pid : supervisor_pool().pids()) {
    ::kill(pid, SIGKILL);
    siginfo_t end;
    ::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT);
  }
  EXPECT_EQ(run(shell("echo here")).out, "here\n");
  EXPECT_THAT(strangers(), IsEmpty());
}

TEST_F(LoopTest, does_not_wait_for_output_that_somebody_else_has_read) {
  const TemporaryDirectory directory;
  const auto wait_for = [&](const char* name) {
    for (int i = 0; i < 1000 && !fs::exists(directory.path() / name); ++i)
      std::this_thread::sleep_for(10ms);
  };
  const auto tell = [&](const char* name) { std::ofstream(directory.path() / name) << "x"; };
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor in(ends[0]), out(ends[1]);
  Told told;
  Command command = shell(
      "until [ -e begin ]; do sleep 0.01; done; echo x; echo >written; "
      "until [ -e go ]; do sleep 0.01; done; "
      "{ head -n 1 >/dev/null; echo >taken; } </proc/self/fd/1 & exec sleep 15");
  command.cwd = directory.path();
  const auto begin = loop->now();
  start(command, told);
  // In the next pass both can be read, this one first, and then the other no longer.
  loop->watch(in.get(), [&] {
    loop->unwatch(in.get());
    tell("go");
    wait_for("taken");
    loop->after(50ms, stop());
  });
  loop->post([&] {
    ASSERT_EQ(::write(out.get(), "x", 1), 1);
    tell("begin");
    wait_for("written");
  });
  loop->run();
  EXPECT_TRUE(fs::exists(directory.path() / "taken"));
  EXPECT_LT(loop->now() - begin, 10s);
}

TEST_F(LoopTest, does_not_take_a_new_descriptor_for_an_old_one_of_that_number) {
  int a[2], b[2], fresh[2];
  ASSERT_EQ(::pipe2(a, O_CLOEXEC) + ::pipe2(b, O_CLOEXEC) + ::pipe2(fresh, O_CLOEXEC), 0);
  int calls = 0;
  // Both are ready in one pass. Whichever is first replaces the other.
  const auto replace = [&](int other) {
    ++calls;
    loop->unwatch(a[0]);
    loop->unwatch(b[0]);
    ASSERT_EQ(::dup2(fresh[0], other), other);
    loop->watch(other, [] { FAIL() << "nothing can be read from it"; });
  };
  loop->watch(a[0], [&] { replace(b[0]); });
  loop->watch(b[0], [&] { replace(a[0]); });
  ASSERT_EQ(::write(a[1], "x", 1) + ::write(b[1], "x", 1), 2);
  loop->after(20ms, stop());
  loop->run();
  EXPECT_EQ(calls, 1);
  loop.reset();
  for (const int* ends : {a, b, fresh}) ::close(ends[0]), ::close(ends[1]);
}

/// Runs `body` in a process of its own; its pid.
template <typename Body>
pid_t fork_off(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  return pid;
}

pid_t pid_in(const fs::path& file) {
  pid_t pid = 0;
  for (int i = 0; i < 1000 && pid == 0; ++i) {
    std::this_thread::sleep_for(10ms);
    std::ifstream(file) >> pid;
  }
  return pid;
}

bool is_gone(pid_t pid) {
  for (int i = 0; i < 1000; ++i) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(stat, line) || line.at(line.rfind(')') + 2) == 'Z') return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

TEST(LoopProcess, takes_the_command_along_when_killed_with_its_supervisors) {
  const TemporaryDirectory directory;
  const pid_t program = fork_off([&] {
    const auto loop = make_loop();
    Command command = shell("echo $$ >pid; exec sleep 60");
    command.cwd = directory.path();
    loop->start(command, {}, {});
    loop->run();
    return 0;
  });
  const pid_t command = pid_in(directory.path() / "pid");
  ASSERT_GT(command, 0);
  for (const ProcessEntry& process : descendants(program)) {
    if (process.parent == program) ::kill(process.pid, SIGSTOP);  // they see nothing of what comes
  }
  ::kill(program, SIGSTOP);
  for (const ProcessEntry& process : descendants(program)) {
    if (process.parent == program) ::kill(process.pid, SIGKILL);
  }
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  EXPECT_TRUE(is_gone(command));
  reap_strangers();
}

TEST(LoopProcess, takes_everything_along_when_killed) {
  const TemporaryDirectory directory;
  const pid_t program = fork_off([&] {
    const auto loop = make_loop();
    for (const char* name : {"a", "b"}) {
      Command command = shell("setsid sh -c 'trap \"\" TERM HUP; echo $$ >" + std::string(name) +
                              "; while :; do sleep 1; done' & trap '' TERM; wait");
      command.cwd = directory.path();
      loop->start(command, {}, {});
    }
    loop->run();
    return 0;
  });
  const pid_t a = pid_in(directory.path() / "a"), b = pid_in(directory.path() / "b");
  ASSERT_GT(a, 0);
  ASSERT_GT(b, 0);
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  EXPECT_TRUE(is_gone(a));
  EXPECT_TRUE(is_gone(b));
  reap_strangers();
}

TEST(LoopProcess, does_not_take_a_command_for_late_because_it_was_stopped_itself) {
  const TemporaryDirectory directory;
  const pid_t program = fork_off([&] {
    const auto loop = make_loop();
    Command command = shell("echo $$ >pid; sleep 0.3; echo out; exit 3");
    command.cwd = directory.path();
    command.timeout = 1500ms;
    int code = 1;
    bool late = false;
    std::string out;
    loop->start(
        command, [&](Stream, std::string_view bytes) { out += bytes; },
        [&](const Outcome& outcome, const std::exception_ptr&) {
          const bool good = outcome.ending == Ending::exited && outcome.exit_code == 3 &&
                            outcome.elapsed < 1500ms && out == "out\n" && !late;
          code = good ? 7 : 8;
          loop->stop();
        });
    loop->after(1500ms, [&] { late = true; });  // a limit of the caller's own
    loop->run();
    return code;
  });
  ASSERT_GT(pid_in(directory.path() / "pid"), 0);
  ::kill(program, SIGSTOP);
  std::this_thread::sleep_for(2s);
  ::kill(program, SIGCONT);
  int status = 0;
  ::waitpid(program, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  reap_strangers();
}

TEST(LoopProcess, has_loops_in_several_threads) {
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
