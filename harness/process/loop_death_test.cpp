// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a loop's commands when processes around them are killed or stopped.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/files.hpp"
#include "harness/process/loop_fixture.hpp"
#include "harness/process/strangers.hpp"

namespace rtfx::process {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

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

}  // namespace
}  // namespace rtfx::process
