// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

namespace rtfx::process {

/// One process as /proc/PID/stat tells it (proc_pid_stat(5)).
struct ProcessEntry {
  pid_t pid = 0;
  pid_t parent = 0;
  unsigned long long start =
      0;  ///< clock ticks since boot; with the pid it names a process for good
};

/// Calls `visit(entry, context)` for every process that /proc shows; false when /proc cannot be read.
/// Allocates nothing and takes no lock: it may be used between fork and exec.
bool visit_processes(void (*visit)(const ProcessEntry&, void*), void* context) noexcept;

/// The entry of one process, if it is there.
std::optional<ProcessEntry> find_process(pid_t pid) noexcept;

/// Every process below `root` (without it), parents before their children.
std::vector<ProcessEntry> descendants(pid_t root);

/// Sends a signal to exactly this process: never to another one that has got its pid since.
void signal_process(const ProcessEntry& process, int signal) noexcept;

}  // namespace rtfx::process
