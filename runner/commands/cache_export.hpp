// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// `rtfx cache export`.
void add_cache_export(CLI::App& cache, Context& context);

}  // namespace rtfx::commands
