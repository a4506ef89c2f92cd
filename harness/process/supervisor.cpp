// SPDX-License-Identifier: Apache-2.0
//
// How a whole process tree is ended, and only that tree
//
// A process group is not enough: a test that starts a daemon (fork, setsid, fork) leaves its group, its session and its
// parent behind. As a child subreaper (PR_SET_CHILD_SUBREAPER) rtfx would inherit such orphans, but could not tell
// which of several runs they come from; marks in the environment are lost with `env -i`, and control groups need rights
// that a user's rtfx does not have.
//
// So every run gets a small process of its own between rtfx and the program, a fork that never executes anything:
//
//     rtfx ── supervisor (subreaper) ── program ── ...
//                                    └─ orphans of the program
//
// The kernel hands orphans to the nearest living ancestor that is a subreaper. Hence everything that the program ever
// starts is below its own supervisor and below no other one, whatever it does to its group, session or environment.
// From this follows:
//
//  * The supervisor reaps all of them, and ends itself when nothing is left (ECHILD). Its end is what rtfx waits for,
//    through a pidfd; no SIGCHLD handler in rtfx, no process that is reaped by two.
//  * To kill the tree, the supervisor kills its children; theirs become its own children, and so on until ECHILD. A
//    child of the supervisor is reaped by nobody else, so its pid cannot have been given to a stranger meanwhile.
//  * When rtfx dies, by kill -9 too, the supervisor gets a signal (PR_SET_PDEATHSIG) and kills the tree. When the
//    supervisor is killed, the program gets SIGKILL the same way, and rtfx, a subreaper as well, inherits the rest.
//
// The supervisor comes from fork() in a program with threads: another thread may have held any lock at that moment,
// those of malloc and stdio included. Therefore nothing here but system calls.
#include "harness/process/supervisor.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <limits>

#include "harness/process/proc_table.hpp"

namespace rtfx::process {

namespace {

constexpr unsigned last_descriptor = std::numeric_limits<unsigned>::max();

void report(int fd, SupervisorReport::Kind kind, int value) noexcept {
  const SupervisorReport message{kind, value};
  // A pipe takes this whole or not at all; when rtfx is gone nobody needs it.
  while (::write(fd, &message, sizeof message) < 0 && errno == EINTR) {
  }
}

/// The program's side of the second fork.
[[noreturn]] void execute(const SupervisedProgram& program, pid_t supervisor) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) ::_exit(127);
  // Its own process group, and no terminal either: whoever wants to ask there fails, where it would be stopped for ever
  // as a background group.
  ::setsid();
  ::signal(SIGPIPE, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, program.mask, nullptr);
  if (program.directory != nullptr && ::chdir(program.directory) != 0) {
    report(program.report, SupervisorReport::chdir_failed, errno);
    ::_exit(127);
  }
  // Another thread may just have opened something that is not yet close-on-exec.
  if (::syscall(SYS_close_range, 3U, last_descriptor, CLOSE_RANGE_CLOEXEC) == 0) {
    ::execve(program.program, const_cast<char* const*>(program.argv),
             const_cast<char* const*>(program.environment));
  }
  report(program.report, SupervisorReport::exec_failed, errno);
  ::_exit(127);
}

/// SIGKILL to every child of this process, and to the program's group in case /proc shows nothing.
void kill_children(pid_t group) noexcept {
  struct Self {
    pid_t pid = ::getpid();
  } self;
  visit_processes(
      [](const ProcessEntry& entry, void* context) {
        if (entry.parent == static_cast<Self*>(context)->pid) ::kill(entry.pid, SIGKILL);
      },
      &self);
  if (group > 0) ::kill(-group, SIGKILL);
}

/// Reaps what has ended; returns when nothing more has, and not at all when there is no child left.
void reap(volatile pid_t& main, int report_fd) noexcept {
  while (true) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG | __WALL);
    if (pid == 0) return;
    if (pid < 0 && errno == ECHILD) ::_exit(0);
    if (pid > 0 && pid == main) {
      main = 0;  // its group may be gone from now on, and the number in other hands
      report(report_fd, SupervisorReport::exited, status);
    }
  }
}

}  // namespace

void supervise(const SupervisedProgram& program) noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::signal(SIGCHLD, SIG_DFL);  // ignored, it would make the kernel drop exit codes
  ::prctl(PR_SET_PDEATHSIG, kill_tree_signal);
  if (::getppid() != program.parent) ::_exit(0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, "rtfx-supervisor");
  ::setpgid(0, 0);  // what is sent to rtfx's group, by a terminal or by kill, is rtfx's to handle

  const pid_t self = ::getpid();
  // vfork shares this process's memory with the program's side until it has executed the program: half the cost.
  volatile pid_t main = ::vfork();
  if (main == 0) execute(program, self);
  if (main < 0) {
    report(program.report, SupervisorReport::fork_failed, errno);
    ::_exit(0);
  }
  // The pipes must end when the program's tree ends, and no directory be kept busy.
  const int report_fd = ::dup2(program.report, 0);
  ::syscall(SYS_close_range, 1U, last_descriptor, 0U);
  if (::chdir("/") != 0) {
    // It stays where it is; nothing depends on it.
  }

  sigset_t awaited;
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, SIGCHLD);
  ::sigaddset(&awaited, kill_tree_signal);
  bool killing = false;
  while (true) {
    reap(main, report_fd);
    if (killing) kill_children(main);
    // While killing, new children may appear at any time without a signal for us.
    const timespec pause{killing ? 0 : 3600, killing ? 5'000'000 : 0};
    if (::sigtimedwait(&awaited, nullptr, &pause) == kill_tree_signal) killing = true;
  }
}

}  // namespace rtfx::process
