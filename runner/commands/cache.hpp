// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// `rtfx cache ls|import|export|rm|gc|clean`, and what add_cache_registry() adds: pull and push.
void add_cache(CLI::App& app, Context& context);

/// Where the content store is: `store` in the cache directory, or the cache directory itself when that is an OCI image
/// layout, as linuxkit's cache is.
std::filesystem::path store_directory(const Context& context);

}  // namespace rtfx::commands
