// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runner/commands/pkg.hpp"

namespace rtfx::commands {

/// `rtfx pkg index` (alias manifest) and `rtfx pkg remote-tag`.
void add_pkg_index(CLI::App& pkg, std::shared_ptr<PkgFlags> flags, Context& context);

}  // namespace rtfx::commands
