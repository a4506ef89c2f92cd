// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runner/commands/command.hpp"

namespace rtfx::commands {

// The passes of a release one by one: each function adds a command to `rtfx release`.
void add_release_plan(CLI::App& release, Context& context);
void add_release_test(CLI::App& release, Context& context);
void add_release_verdict(CLI::App& release, Context& context);

}  // namespace rtfx::commands
