// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/arch.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// Why a case that the pattern names does or does not run for an arch.
enum class Selection {
  selected,
  other_arch,  ///< its arch labels leave this arch out
  labels,      ///< some other label of it is not given, or is excluded
};

/// Labels that the host (system labels: os, distribution, version, as rtf has them) and the user
/// (-l) give for a target arch; the arch labels of the target stand instead of the host's.
Labels present_labels(const std::string& user_labels, const Arch& target, const ArchTable& arches);

Selection select(const Case& test, const Labels& present, const Arch& target,
                 const ArchTable& arches);

/// Whether the labels of the group itself (not of its parents) let its cases run.
bool group_runs(const Group& group, const Labels& present);

/// A pattern that is the full name of a case or group means exactly that; any other pattern is a
/// prefix. "" matches all.
bool pattern_matches(const std::string& pattern, const std::string& name, const Group& tree);

/// A pattern made ready for many names.
class Pattern {
 public:
  Pattern(std::string text, const Group& tree);
  /// Whether it names this case or group.
  bool matches(const std::string& name) const;
  /// Whether something below the group of this name can match.
  bool reaches_into(const std::string& group) const;

 private:
  std::string text_;
  bool exact_;
};

/// The cases that a pattern names; throws Error (ExitCode::nothing_to_run) with the nearest names
/// when there are none.
std::vector<const Case*> find_cases(const Group& tree, const std::string& pattern);
/// The cases that any of the patterns names, in the order of the tree; every pattern must name one.
/// No pattern: all.
std::vector<const Case*> find_cases(const Group& tree, const std::vector<std::string>& patterns);

/// Names of the units of a case: its own, or NAME.1, NAME.2 … when REPEAT asks for it (`present`
/// decides about LABEL:NUMBER).
std::vector<std::string> unit_names(const Case& test, const Labels& present);

/// The labels that the user gave and no case, group, system or arch has.
std::vector<std::string> unknown_labels(const Group& tree, const std::string& user_labels,
                                        const ArchTable& arches = ArchTable::builtin());

/// Throws Error (ExitCode::nothing_to_run) for an unknown label that is a known one mistyped,
/// naming that one. Other unknown labels are allowed: scripts may ask for them with rt_label_set.
void check_labels(const Group& tree, const std::string& user_labels,
                  const ArchTable& arches = ArchTable::builtin());

/// The part of `size` things that a shard gets: contiguous, the first shards get one more when it
/// does not come out even, as in rtf.
struct ShardRange {
  std::size_t start = 0, count = 0;
};
ShardRange shard_range(std::size_t size, int index, int count);

}  // namespace rtfx::runner
