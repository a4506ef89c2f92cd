// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/vm/boot.hpp"

namespace rtfx::vm {

/// Fills in the host ports that are 0 with ports that are free now, all different. Another program may take one before
/// qemu does: qemu then fails with `port_taken` in its message.
std::vector<Publish> with_free_ports(std::vector<Publish> publish);

inline constexpr std::string_view port_taken = "Could not set up host forwarding rule";

}  // namespace rtfx::vm
