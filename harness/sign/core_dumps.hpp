// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rtfx::sign {

/// While one of these exists, the process leaves no core file, and neither a debugger nor /proc/PID/mem of the same user
/// gets at its memory. Child programs that are started meanwhile are not dumped either.
class NoCoreDumps {
 public:
  NoCoreDumps();
  NoCoreDumps(const NoCoreDumps&) = delete;
  NoCoreDumps& operator=(const NoCoreDumps&) = delete;
  ~NoCoreDumps();
};

}  // namespace rtfx::sign
