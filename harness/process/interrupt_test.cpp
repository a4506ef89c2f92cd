// SPDX-License-Identifier: Apache-2.0
#include "harness/process/interrupt.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "base/files.hpp"
#include "harness/process/proc_table.hpp"
#include "harness/process/process.hpp"
#include "harness/process/strangers.hpp"

namespace rtfx::process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// A stubborn command: its daemon ignores SIGTERM and has left group and session.
constexpr const char* stubborn =
    "setsid sh -c 'trap \"\" TERM INT; echo $$ >pid; while :; do sleep 1; done' >/dev/null 2>&1 & "
    "trap '' TERM INT; while :; do sleep 1; done";

/// A process that runs one command under handle_interrupts, as rtfx does, and exits with 7 when that is cancelled.
class Program {
 public:
  explicit Program(bool ignore_hangup = false) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::setpgid(0, 0);
    if (ignore_hangup) ::signal(SIGHUP, SIG_IGN);
    const std::stop_token stop = handle_interrupts();
    const Command command{
        .argv = {"sh", "-c", stubborn}, .cwd = directory_.path(), .timeout = 60s, .grace = 30s};
    const auto outcome = system_runner().run(command, {}, stop);
    ::_exit(outcome.ending == Ending::cancelled && interrupted() ? 7 : 8);
  }

  ~Program() { reap_strangers(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }

  /// Waits for the daemon, so that everything is under way.
  pid_t daemon() const {
    pid_t daemon = 0;
    for (int i = 0; i < 500 && daemon == 0; ++i) {
      std::this_thread::sleep_for(10ms);
      std::ifstream(directory_.path() / "pid") >> daemon;
    }
    return daemon;
  }

  /// Exit code, or minus the signal.
  int wait() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  TemporaryDirectory directory_;
  pid_t pid_ = 0;
};

bool gone_within(pid_t pid, std::chrono::milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  while (find_process(pid)) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

TEST(Interrupt, ends_everything_within_2_seconds) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Program program;
    const pid_t daemon = program.daemon();
    ASSERT_GT(daemon, 0);
    const auto start = steady_clock::now();
    ::kill(-program.pid(), signal);  // as a terminal does: to the whole group
    EXPECT_EQ(program.wait(), 7);
    EXPECT_LT(steady_clock::now() - start, 2s);
    EXPECT_TRUE(gone_within(daemon, 0ms));
  }
}

TEST(Interrupt, kills_at_once_on_the_second_signal) {
  const Program program;
  const pid_t daemon = program.daemon();
  ASSERT_GT(daemon, 0);
  const auto start = steady_clock::now();
  ::kill(program.pid(), SIGINT);
  std::this_thread::sleep_for(100ms);
  ::kill(program.pid(), SIGINT);
  EXPECT_EQ(program.wait(), 130);
  EXPECT_TRUE(gone_within(daemon, 500ms));
  EXPECT_LT(steady_clock::now() - start, 800ms);
}

TEST(Interrupt, takes_a_signal_that_is_sent_twice_for_one) {
  const Program program;
  ASSERT_GT(program.daemon(), 0);
  ::kill(program.pid(), SIGTERM);  // as timeout(1) does: the process, then its group
  ::kill(-program.pid(), SIGTERM);
  EXPECT_EQ(program.wait(), 7);
}

TEST(Interrupt, leaves_nothing_behind_when_killed) {
  const Program program;
  const pid_t daemon = program.daemon();
  ASSERT_GT(daemon, 0);
  ::kill(-program.pid(), SIGKILL);
  EXPECT_EQ(program.wait(), -SIGKILL);
  EXPECT_TRUE(gone_within(daemon, 2s));
}

TEST(Interrupt, lets_nohup_have_its_way) {
  const Program program(true);
  ASSERT_GT(program.daemon(), 0);
  ::kill(program.pid(), SIGHUP);
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(::waitpid(program.pid(), nullptr, WNOHANG), 0) << "still there";
  ::kill(program.pid(), SIGTERM);
  EXPECT_EQ(program.wait(), 7);
}

TEST(Interrupt, gives_children_the_original_mask) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    handle_interrupts();
    // Not from a shell: some clear the mask themselves.
    const auto captured = run_captured(
        system_runner(), {.argv = {"grep", "SigBlk", "/proc/self/status"}, .timeout = 60s});
    ::_exit(captured.out == "SigBlk:\t0000000000000000\n" ? 7 : 8);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  reap_strangers();
}

/// A process that exits with the number of status requests after SIGTERM.
TEST(Interrupt, tells_of_status_requests_and_survives_them_without_anybody_to_tell) {
  const TemporaryDirectory directory;
  const pid_t pid = ::fork();
  if (pid == 0) {
    static std::atomic<int> count = 0;
    const std::stop_token stop = handle_interrupts();
    on_status_request([] { ++count; });
    // The command has its default disposition, and its mask is not ours.
    const Command command{
        .argv = {"sh", "-c",
                 "kill -USR1 $1; sleep 0.1; kill -USR1 $1; sleep 0.1; kill -USR1 $$; exit 3", "sh",
                 std::to_string(::getpid())},
        .timeout = 60s};
    const auto outcome = system_runner().run(command, {}, {});
    on_status_request({});
    ::kill(::getpid(), SIGUSR1);
    std::this_thread::sleep_for(100ms);
    ::_exit(outcome.ending == Ending::signalled && outcome.signal == SIGUSR1 && !interrupted()
                ? count.load()
                : 99);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 2);
  reap_strangers();
}

TEST(Interrupt, takes_a_second_signal_for_one_whatever_comes_between) {
  const Program program;
  ASSERT_GT(program.daemon(), 0);
  ::kill(program.pid(), SIGTERM);
  std::this_thread::sleep_for(100ms);
  ::kill(program.pid(), SIGUSR1);  // does not end it
  EXPECT_EQ(program.wait(), 7);
}

}  // namespace
}  // namespace rtfx::process
