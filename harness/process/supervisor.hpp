// SPDX-License-Identifier: Apache-2.0
//
// What rtfx and its supervisors say to each other; see supervisor.cpp. Internal to this folder.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>

namespace rtfx::process {

/// A packet to a supervisor.
struct SupervisorRequest {
  enum Kind : int {
    start,  ///< comes with standard input, output, error, and the directory that relative paths start from, if any
    kill,   ///< SIGKILL to everything below; nothing happens when nothing is there
  };
  int kind = kill;
  // Addresses in the supervisor, inside the memory that rtfx writes and the supervisor reads.
  const char* directory = nullptr;  ///< to change to, or null
  const char* program = nullptr;
  const char* const* argv = nullptr;
  const char* const* environment = nullptr;
  sigset_t mask{};  ///< the signal mask of the program
};

/// A packet from a supervisor. A run gives one that tells how the program ended, or why there was none, and one that
/// nothing is left; they are the same packet when both are known at once.
struct SupervisorReport {
  enum Kind : int {
    nothing,      ///< only `empty` counts
    exited,       ///< the main process ended; `value` is its wait status
    fork_failed,  ///< `value` is errno for this and all below
    chdir_failed,
    exec_failed,
  };
  int kind = nothing;
  int value = 0;
  bool empty = false;     ///< the program and all of its descendants are gone
  std::int64_t time = 0;  ///< when the main process ended: nanoseconds of CLOCK_MONOTONIC
};

/// The zygote's answer to a packet with the supervisor's end of a socket and the file of the shared memory.
struct ZygoteReply {
  pid_t pid = 0;                 ///< 0: it failed
  int error = 0;                 ///< errno
  const char* memory = nullptr;  ///< where the supervisor sees the shared memory
};

/// The shared memory, for the arguments and the environment of one program. The kernel takes 6 MiB at most, pointers
/// included (execve(2)). Only what is written takes memory.
inline constexpr std::size_t shared_memory_size = std::size_t{8} << 20;

/// Runs in a freshly forked child of rtfx, until the other end of the socket is closed. Only async-signal-safe calls.
[[noreturn]] void zygote(int socket) noexcept;

}  // namespace rtfx::process
