// SPDX-License-Identifier: Apache-2.0
#include "harness/sign/core_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <mutex>

namespace rtfx::sign {
namespace {

/// What the process had before the first key was loaded.
struct Before {
  std::mutex mutex;
  int keys = 0;
  int dumpable = 1;
  rlimit limit{};
};

Before& before() {
  static Before instance;
  return instance;
}

}  // namespace

NoCoreDumps::NoCoreDumps() {
  Before& state = before();
  const std::lock_guard lock(state.mutex);
  if (state.keys++ > 0) return;
  state.dumpable = ::prctl(PR_GET_DUMPABLE);
  ::getrlimit(RLIMIT_CORE, &state.limit);
  // The limit alone does not stop a core_pattern that is a program; "not dumpable" does.
  const rlimit none{0, state.limit.rlim_max};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

NoCoreDumps::~NoCoreDumps() {
  Before& state = before();
  const std::lock_guard lock(state.mutex);
  if (--state.keys > 0) return;
  ::setrlimit(RLIMIT_CORE, &state.limit);
  // 2 ("suidsafe") cannot be set by a program.
  if (state.dumpable == 1) ::prctl(PR_SET_DUMPABLE, 1);
}

}  // namespace rtfx::sign
