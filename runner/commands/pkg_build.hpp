// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runner/commands/pkg.hpp"

namespace rtfx::commands {

/// Adds `build` to the pkg command.
void add_pkg_build(CLI::App& pkg, const std::shared_ptr<PkgFlags>& common, Context& context);

}  // namespace rtfx::commands
