// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <csignal>

namespace rtfx::process {

/// What a supervisor writes to its report pipe: at most one failure, then one `exited`.
struct SupervisorReport {
  enum Kind : int {
    exited,       ///< the main process ended; `value` is its wait status
    fork_failed,  ///< `value` is errno for this and all below
    chdir_failed,
    exec_failed,
  };
  int kind;
  int value;
};

/// What to run below a supervisor. Everything is prepared before the fork; the pointers outlive it.
struct SupervisedProgram {
  pid_t parent;           ///< the process that forks the supervisor
  int report;             ///< write end of the report pipe, close-on-exec
  const char* directory;  ///< to change to, or null
  const char* program;    ///< path
  const char* const* argv;
  const char* const* environment;
  const sigset_t* mask;  ///< the signal mask of the program
};

/// Signal that makes a supervisor kill everything below it. It is also what it gets when its parent dies.
inline constexpr int kill_tree_signal = SIGTERM;

/// Runs in a freshly forked child of rtfx, with the program's standard streams in place; see supervisor.cpp.
/// Ends when the program and all of its descendants are gone. Only async-signal-safe calls.
[[noreturn]] void supervise(const SupervisedProgram& program) noexcept;

}  // namespace rtfx::process
