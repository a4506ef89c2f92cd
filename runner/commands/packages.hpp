// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// Builds the packages of the project that the content store lacks for these arches, so that cases find what they boot;
/// tells of each on standard error. Throws Error when one does not build.
void build_missing_packages(const Context& context, const runner::Project& project,
                            const std::vector<Arch>& arches);

}  // namespace rtfx::commands
