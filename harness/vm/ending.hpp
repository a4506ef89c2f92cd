// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ktap.hpp"

namespace rtfx::vm {

/// Every way a boot can end.
enum class BootEnding {
  expected,     ///< all expects seen (and the probe succeeded)
  powered_off,  ///< the guest ended by itself; success only without expects
  panicked,     ///< the kernel, or what runs before it, gave up
  oops,         ///< the kernel failed and went on
  bug,          ///< a check of the kernel failed: BUG(), KASAN, a bad page
  warning,      ///< WARN(), or lockdep
  hung,         ///< a hung task, a soft lockup, an RCU stall
  out_of_memory,  ///< the kernel killed a process for its memory; not one over the limit of its cgroup
  rejected,       ///< a --reject matched
  tests_failed,  ///< a result in the guest's KTAP is "not ok", or one is missing
  guest_failed,  ///< the guest reported an exit code other than 0
  reset,         ///< the guest reset itself, with no panic told
  early_exit,    ///< the guest ended before all expects were seen; or qemu failed
  silent,
  timed_out,
  probe_failed,
  cancelled,
};
/// "kernel panic".
std::string boot_ending_name(BootEnding ending);

/// The endings that --allow can turn into a note: oops, bug, warning, hung, out_of_memory.
const std::set<BootEnding>& allowable_endings();
/// By its name, "hung-task" or "hung task". Throws Error (ExitCode::usage) that names the ones there are.
BootEnding parse_allowed(const std::string& given);

/// What a guest told on its console beside its lines.
struct GuestReport {
  std::vector<std::string>
      lines{};  ///< the kernel's report, from its first line to its end; printable
  std::vector<std::string> allowed{};  ///< first lines of reports that did not count: --allow
  std::vector<KtapTest> tests{};
  std::optional<int> exit_code{};  ///< "RTFX_GUEST_EXIT: N"
};

}  // namespace rtfx::vm
