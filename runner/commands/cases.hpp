// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "runner/commands/command.hpp"
#include "runner/listing.hpp"
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

/// Whether load_cases says on standard error what it reads otherwise than rtf.
enum class Notes { print, omit };

/// Loads the cases that -c, or else rtfx.yml, names. Throws all problems of the files, and labels
/// that are typing errors; says on standard error which labels no case knows.
Cases load_cases(const Context& context, Notes notes = Notes::print);

/// The flags of list, info and run that say which cases are meant; see docs/cases.md.
struct Selection {
  std::vector<std::string> patterns;
  std::string expression;  ///< -E
  bool rtf_prefix = false;
  std::string shard;     ///< -s N/M
  std::string shard_by;  ///< count, hash or duration; "": count
  /// For `duration`: a run, SUMMARY.json, history.json or a folder with one; "": history.json of the
  /// results.
  std::string durations;
};

/// Adds the patterns, -E, --rtf-prefix, -s, --shard-by and --durations. `selection` must outlive the parsing.
void add_selection_flags(CLI::App& command, Selection& selection);

/// Sets the fields of the options that say what is selected: patterns, expression, rtf_prefix,
/// labels, arches, shard and shard_duration. Throws Error (ExitCode::usage) for a wrong --shard or
/// --durations.
void apply_selection(const Selection& selection, const Context& context, const Cases& cases,
                     runner::RunOptions& options);

/// The flags that list and info have in common.
struct ListingFlags {
  Selection selection;
  std::string results;  ///< folder with the durations of past runs; "": the usual one
  bool json = false, plain = false;
};

/// Adds those of add_selection_flags() and -r, --json and --plain. `flags` must outlive the parsing.
void add_listing_flags(CLI::App& command, ListingFlags& flags);

/// What list shows: rows for each arch, or the part that a shard runs.
std::vector<runner::ListRow> selected_rows(const ListingFlags& flags, const Context& context,
                                           const Cases& cases);
/// What info tells of: every case once.
std::vector<runner::ListRow> described_rows(const ListingFlags& flags, const Context& context,
                                            const Cases& cases);

/// "N/M"; "": the whole. Throws Error (ExitCode::usage).
runner::Shard parse_shard(const std::string& text);

}  // namespace rtfx::commands
