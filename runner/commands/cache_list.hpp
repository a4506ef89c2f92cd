// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// `rtfx cache ls`.
void add_cache_list(CLI::App& cache, Context& context);

}  // namespace rtfx::commands
