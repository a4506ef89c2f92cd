// SPDX-License-Identifier: Apache-2.0
//
// How a whole process tree is ended, and only that tree
//
// A process group is not enough: a test that starts a daemon (fork, setsid, fork) leaves its group, its session and its
// parent behind. As a child subreaper (PR_SET_CHILD_SUBREAPER) rtfx would inherit such orphans, but could not tell
// which of several runs they come from; marks in the environment are lost with `env -i`, and control groups need rights
// that a user's rtfx does not have.
//
// So every run has a small process of its own between rtfx and the program, a fork that never executes anything:
//
//     rtfx ─┬─ zygote
//           ├─ supervisor (subreaper) ── program ── ...
//           │                         └─ orphans of the program
//           └─ supervisor (subreaper), which waits for work
//
// The kernel hands orphans to the nearest living ancestor that is a subreaper. Hence everything that the program ever
// starts is below its own supervisor and below no other one, whatever it does to its group, session or environment.
// From this follows:
//
//  * The supervisor reaps all of them, and the run is over when nothing is left (ECHILD): it says so to rtfx, over a
//    socket, and can be given the next program. No SIGCHLD handler in rtfx, no process that is reaped by two.
//  * To kill the tree, the supervisor kills its children; theirs become its own children, and so on until ECHILD. A
//    child of the supervisor is reaped by nobody else, so its pid cannot have been given to a stranger meanwhile.
//  * When rtfx dies, by kill -9 too, the kernel closes its end of the socket: the supervisor kills the tree and ends.
//    No other process ever holds that end: it is close-on-exec, and the zygote closes all that it was born with.
//    (PR_SET_PDEATHSIG would tell of the end of the thread that forked, not of the process.)
//  * When the supervisor is killed, the program gets SIGKILL (PR_SET_PDEATHSIG: the supervisor has one thread only),
//    and rtfx, a subreaper as well, inherits the rest.
//
// To fork costs time in proportion to the memory of who forks, so rtfx does it once, as early as it can: the child is
// the zygote, which forks the supervisors, and with CLONE_PARENT they are rtfx's children, not its own. A supervisor is
// kept and runs one program after the other, one at a time; it starts them by vfork. So a start costs the same whatever
// rtfx has in memory. What a program inherits beyond its directory and environment (umask, limits, priority) is
// therefore that of rtfx when it started its first command.
//
// The zygote comes from fork() in a program with threads: another thread may have held any lock at that moment, those
// of malloc and stdio included. Therefore nothing here but system calls.
#include "harness/process/supervisor.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <limits>
#include <new>

#include "harness/process/packet.hpp"
#include "harness/process/proc_table.hpp"

namespace rtfx::process {

namespace {

constexpr int socket_fd = 3;  ///< where every process here has its socket; 0 to 2 are /dev/null
constexpr timespec kill_again{0, 5'000'000};

/// Leaves rtfx's descriptors, directory, group and signals behind.
void isolate(int socket) noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  // A handler, so that a child's end interrupts ppoll; ignored, it would make the kernel drop exit codes.
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_NOCLDSTOP;
  ::sigaction(SIGCHLD, &action, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::prctl(PR_SET_NAME, "rtfx-supervisor");
  // What is sent to rtfx's group, by a terminal or by kill, is rtfx's to handle.
  ::setpgid(0, 0);
  // Pipes must end when their program's tree ends, locks be free, and no directory be kept busy.
  if (socket != socket_fd) ::dup3(socket, socket_fd, O_CLOEXEC);
  ::syscall(SYS_close_range, socket_fd + 1, std::numeric_limits<unsigned>::max(), 0U);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < socket_fd; ++fd) ::dup3(null, fd, O_CLOEXEC);
  ::close(null);
  if (::chdir("/") != 0) {
    // It stays where it is; nothing depends on it.
  }
}

/// Why a program could not be executed: from its side of vfork to the supervisor's.
struct Failure {
  SupervisorReport::Kind kind;
  int error;
};

/// What a program needs to become one.
struct Start {
  const SupervisorRequest& request;
  const PassedDescriptors& passed;
  pid_t supervisor;
  Failure& failure;

  [[noreturn]] void fail(SupervisorReport::Kind kind) const noexcept {
    failure = {kind, errno};
    ::_exit(127);
  }
};

/// The program's side of vfork. Every descriptor of a supervisor is close-on-exec.
[[noreturn]] void execute(const Start& start) noexcept {
  const SupervisorRequest& request = start.request;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.supervisor) ::_exit(127);
  // Its own process group, and no terminal either: whoever wants to ask there fails, where it would be stopped for ever
  // as a background group.
  ::setsid();
  ::sigprocmask(SIG_SETMASK, &request.mask, nullptr);
  if ((start.passed.count > 3 && ::fchdir(start.passed.fds[3]) != 0) ||
      (request.directory != nullptr && ::chdir(request.directory) != 0)) {
    start.fail(SupervisorReport::chdir_failed);
  }
  for (int fd = 0; fd < 3; ++fd) {
    if (::dup2(start.passed.fds[fd], fd) < 0) start.fail(SupervisorReport::exec_failed);
  }
  ::execve(request.program, const_cast<char* const*>(request.argv),
           const_cast<char* const*>(request.environment));
  start.fail(SupervisorReport::exec_failed);
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

/// The main process of the run; 0 after its end: its group may be gone from then on, and the number in other hands.
struct Tree {
  pid_t main;
  bool empty = false;
};

/// Reaps what has ended. True when the main process is among it; its status and time are in the report then.
bool reap(Tree& tree, SupervisorReport& report) noexcept {
  bool ended = false;
  while (true) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG | __WALL);
    if (pid < 0 && errno == ECHILD) tree.empty = true;
    if (pid <= 0) return ended;
    if (pid != tree.main) continue;
    tree.main = 0;
    ended = true;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    report.kind = SupervisorReport::exited;
    report.value = status;
    report.time = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  }
}

/// Waits until a child ends, something can be read from rtfx, or the time is over.
bool readable(const timespec* patience) noexcept {
  pollfd from_rtfx{socket_fd, POLLIN, 0};
  sigset_t all_but_child;
  ::sigfillset(&all_but_child);
  ::sigdelset(&all_but_child, SIGCHLD);
  return ::ppoll(&from_rtfx, 1, patience, &all_but_child) > 0;
}

/// Runs one program until nothing of it is left.
void run(const SupervisorRequest& request, PassedDescriptors& passed, Failure& failure) noexcept {
  failure = {SupervisorReport::nothing, 0};
  const Start start{request, passed, ::getpid(), failure};
  // vfork shares this process's memory with the program's side until it has executed the program.
  const pid_t pid = passed.count < 3 ? -1 : ::vfork();
  if (pid == 0) execute(start);
  const int fork_error = passed.count < 3 ? EMFILE : errno;
  passed.close();
  if (pid < 0) {
    const SupervisorReport report{SupervisorReport::fork_failed, fork_error, true, 0};
    send_packet(socket_fd, &report, sizeof report);
    return;
  }
  Tree tree{pid};
  bool killing = false;
  bool orphaned = false;
  while (true) {
    SupervisorReport report;
    const bool ended = reap(tree, report);
    if (ended && failure.kind != SupervisorReport::nothing) {
      report.kind = failure.kind;
      report.value = failure.error;
    }
    report.empty = tree.empty;
    if (ended || tree.empty) send_packet(socket_fd, &report, sizeof report);
    if (tree.empty && orphaned) ::_exit(0);
    if (tree.empty) return;
    if (killing) kill_children(tree.main);
    // While killing, new children may appear at any time without a signal for us.
    if (orphaned) {
      ::nanosleep(&kill_again, nullptr);
      continue;
    }
    if (!readable(killing ? &kill_again : nullptr)) continue;
    SupervisorRequest next;
    PassedDescriptors none;
    const ssize_t size = receive_packet(socket_fd, &next, sizeof next, MSG_DONTWAIT, none);
    none.close();
    orphaned = size == 0 || (size < 0 && errno != EAGAIN);
    killing = killing || orphaned || size > 0;  // nothing else is asked of a busy supervisor
  }
}

[[noreturn]] void supervisor() noexcept {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::setpgid(0, 0);
  // In memory that is shared anyhow, not by vfork alone: under a sanitizer vfork is fork.
  void* page =
      ::mmap(nullptr, sizeof(Failure), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) ::_exit(1);
  Failure& failure = *new (page) Failure{};
  while (true) {
    SupervisorRequest request;
    PassedDescriptors passed;
    if (receive_packet(socket_fd, &request, sizeof request, 0, passed) <= 0) ::_exit(0);
    if (request.kind == SupervisorRequest::start) {
      run(request, passed, failure);
    } else {
      passed.close();  // asked to kill what had already ended
    }
  }
}

/// fork(2), but the child is a child of this process's parent.
long fork_sibling() noexcept {
#ifdef __s390x__
  return ::syscall(SYS_clone, 0L, CLONE_PARENT | SIGCHLD, 0L, 0L, 0L);
#else
  return ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0L, 0L, 0L, 0L);
#endif
}

}  // namespace

void zygote(int socket) noexcept {
  isolate(socket);
  while (true) {
    char byte = 0;
    PassedDescriptors passed;
    if (receive_packet(socket_fd, &byte, sizeof byte, 0, passed) <= 0) ::_exit(0);
    ZygoteReply reply;
    void* memory = MAP_FAILED;
    if (passed.count == 2)
      memory = ::mmap(nullptr, shared_memory_size, PROT_READ, MAP_SHARED, passed.fds[1], 0);
    if (memory != MAP_FAILED) {
      const long pid = fork_sibling();
      if (pid == 0) {
        ::dup3(passed.fds[0], socket_fd, O_CLOEXEC);
        passed.close();
        supervisor();
      }
      reply.pid = pid > 0 ? static_cast<pid_t>(pid) : 0;
    }
    reply.error = errno;
    reply.memory = static_cast<const char*>(memory);
    if (memory != MAP_FAILED) ::munmap(memory, shared_memory_size);
    passed.close();
    send_packet(socket_fd, &reply, sizeof reply);
  }
}

}  // namespace rtfx::process
