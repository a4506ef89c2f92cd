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

/// Labels that the host (system labels: os, distribution, version, as rtf has them) and the user (-l) give for a target arch; the arch
/// labels of the target stand instead of the host's.
Labels present_labels(const std::string& user_labels, const Arch& target, const ArchTable& arches);

Selection select(const Case& test, const Labels& present, const Arch& target, const ArchTable& arches);

/// A pattern that is the full name of a case or group means exactly that; any other pattern is a prefix. "" matches all.
bool pattern_matches(const std::string& pattern, const std::string& name, const Group& tree);

/// The cases that a pattern names; throws Error (ExitCode::nothing_to_run) with the nearest names when there are none.
std::vector<const Case*> find_cases(const Group& tree, const std::string& pattern);

/// For every label that the user gave and no case or group has: throws Error (ExitCode::nothing_to_run) with the nearest one.
void check_labels(const Group& tree, const std::string& user_labels);

}  // namespace rtfx::runner
