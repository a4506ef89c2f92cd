// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "runner/commands/command.hpp"
#include "runner/run.hpp"
#include "runner/tree.hpp"

namespace rtfx::commands {

/// What list, info and run work on.
struct Cases {
  std::optional<runner::Project> project;
  ArchTable table = ArchTable::builtin();
  std::vector<Arch> arches;  ///< the targets
  std::unique_ptr<runner::Group> tree;
};

/// Loads the cases that -c, or else rtfx.yml, names. Throws all problems of the files, and labels
/// that are typing errors; says on standard error which labels no case knows.
Cases load_cases(const Context& context);

/// "N/M". Throws Error (ExitCode::usage).
runner::Shard parse_shard(const std::string& text);

}  // namespace rtfx::commands
