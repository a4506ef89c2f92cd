// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "harness/pkg/plan.hpp"
#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// The flags that every pkg command has, and the packages it acts on.
struct PkgFlags {
  pkg::TagOptions tag;
  std::vector<std::filesystem::path> directories;
};

/// What a project says about packages, or what holds without one.
struct PackageDefaults {
  pkg::PackageSettings packages;
  ArchTable table = ArchTable::builtin();
};
PackageDefaults package_defaults(const std::optional<runner::Project>& project);

}  // namespace rtfx::commands
