// SPDX-License-Identifier: Apache-2.0
//
// For unit tests: what should not be there when everything has ended.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "harness/process/proc_table.hpp"
#include "harness/process/supervisor_pool.hpp"

namespace rtfx::process {

/// All that is below this process, zombies too, but for its own supervisors.
inline std::vector<pid_t> strangers() {
  std::vector<pid_t> found;
  const auto own = supervisor_pool().pids();
  for (const ProcessEntry& process : descendants(::getpid())) {
    if (!own.contains(process.pid)) found.push_back(process.pid);
  }
  return found;
}

/// Waits for strangers to end that this process may have got as a subreaper, such as the supervisors of a program that
/// has ended.
inline void reap_strangers() {
  for (const pid_t pid : strangers()) ::waitpid(pid, nullptr, 0);
}

}  // namespace rtfx::process
