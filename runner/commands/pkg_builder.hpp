// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// `rtfx pkg builder du|prune`: what the daemons that build keep, and removing it.
void add_pkg_builder(CLI::App& pkg, Context& context);

}  // namespace rtfx::commands
