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

/// What load_cases may say on standard error.
enum class Notes { print, omit };

/// Loads the cases that -c, or else rtfx.yml, names. Throws all problems of the files, and labels
/// that are typing errors; notes which labels no case knows and what is read otherwise than rtf
/// does.
Cases load_cases(const Context& context, Notes notes = Notes::print);

/// The flags of list, info and run that say which cases are meant; see docs/cases.md.
struct Selection {
  std::vector<std::string> patterns;
  std::string expression;  ///< -E
  bool rtf_prefix = false;
  std::string shard;     ///< -s N/M
  std::string shard_by;  ///< count, hash or duration; "": count
};

/// Adds the patterns, -E, --rtf-prefix, -s and --shard-by. `selection` must outlive the parsing.
void add_selection_flags(CLI::App& command, Selection& selection);

/// Sets the fields of the options that say what is selected: patterns, expression, rtf_prefix,
/// labels, arches and shard. Throws Error (ExitCode::usage) for a wrong --shard.
void apply_selection(const Selection& selection, const Context& context, const Cases& cases,
                     runner::RunOptions& options);

/// "N/M"; "": the whole. Throws Error (ExitCode::usage).
runner::Shard parse_shard(const std::string& text);

}  // namespace rtfx::commands
