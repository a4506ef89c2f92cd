// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/arch.hpp"

namespace rtfx::commands {

/// The names of the arches in a list linux/ARCH[,linux/ARCH...], the form of docker and linuxkit, as `flag` takes it.
/// Throws Error (ExitCode::usage) for another form, and what ArchTable::find throws.
std::vector<std::string> parse_platforms(const std::string& flag, const std::string& list,
                                         const ArchTable& table);

}  // namespace rtfx::commands
