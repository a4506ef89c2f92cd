// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "results/event.hpp"

namespace rtfx::results {

/// The name of a test for readers of JUnit.
struct JunitName {
  std::string suite;  ///< also its class name: "arm64.linuxkit.examples"
  std::string test;   ///< "redis", or "redis.2"; "group.sh init" of a group
};

/// The architecture comes first, always: a test keeps its identity whether one or several
/// architectures run. "linuxkit.t.1" and "linuxkit.t.2" are iterations of one test: the suite is
/// "linuxkit" and the test "t.1".
JunitName junit_name(const UnitId& unit);

}  // namespace rtfx::results
