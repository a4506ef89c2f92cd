// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/vm/boot.hpp"
#include "harness/vm/state.hpp"
#include "runner/commands/boot_options.hpp"
#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// The guest that the options describe; what it needs is checked and made. `state` must outlive it.
/// Throws Error: ExitCode::usage, ExitCode::host.
vm::BootSpec guest_of(const BootOptions& options, const Arch& arch, vm::State& state,
                      const Context& context);

}  // namespace rtfx::commands
