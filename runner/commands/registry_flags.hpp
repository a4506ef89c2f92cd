// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/registry/options.hpp"
#include "harness/registry/push.hpp"
#include "runner/project.hpp"

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

/// Whether a package is in a registry at all: not in a project that publishes into a directory, unless its name says
/// itself which registry it is in.
bool is_in_registry(const std::optional<runner::Project>& project, const std::string& ref);

/// What a package is called where it is published: below the project's `registry`, unless the name says itself which
/// registry it is in. Throws Error (ExitCode::usage) when the project publishes into a directory.
std::string published_name(const std::optional<runner::Project>& project, const std::string& ref);

/// One line about a tag: "linuxkit/init:v1 updated sha256:... (amd64, arm64)".
std::string line_about(const registry::Pushed& pushed);

}  // namespace rtfx::commands
