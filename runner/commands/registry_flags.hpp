// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/registry/options.hpp"

namespace CLI {
class App;
}

namespace rtfx::commands {

/// Adds --mirror, --cert-file and --registry-creds to a command. What they say is in the options once
/// the command line is parsed.
std::shared_ptr<registry::RegistryOptions> add_registry_flags(CLI::App& app);

/// The flags with what the environment adds: mirrors of $RTFX_MIRROR or $LINUXKIT_MIRROR (separated
/// by blanks or commas), which a --mirror for the same registry replaces.
registry::RegistryOptions with_environment(const registry::RegistryOptions& flags);

}  // namespace rtfx::commands
