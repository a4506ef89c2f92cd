// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// Builds the packages of the project that the content store lacks for these arches, so that cases find what they boot;
/// tells of each on standard error. Returns the arches for which not all could be built, by name, with the reason in one
/// line. Throws Error when that is every one of them.
std::map<std::string, std::string> build_missing_packages(const Context& context,
                                                          const runner::Project& project,
                                                          const std::vector<Arch>& arches);

}  // namespace rtfx::commands
