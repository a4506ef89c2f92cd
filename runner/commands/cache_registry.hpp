// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// `rtfx cache pull` and `rtfx cache push`.
void add_cache_registry(CLI::App& cache, Context& context);

}  // namespace rtfx::commands
