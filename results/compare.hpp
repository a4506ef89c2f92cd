// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/record.hpp"

namespace rtfx::results {

/// One unit in several runs.
struct ComparedUnit {
  UnitId unit;
  std::vector<std::optional<UnitFinished>> results;  ///< one a run; nullopt: no result there
  /// From the first run to the last: "broke" (it fails now), "mended" (it failed and passes),
  /// "new", "gone", "slower", "faster" or "".
  std::string change;
};

/// The cases of the runs side by side, in the order in which they first appear. Slower and faster
/// mean by more than half and by more than half a second.
std::vector<ComparedUnit> compare(const std::vector<RunRecord>& runs);

/// A run from its folder, from an events.jsonl or from a SUMMARY.json (of rtf too).
RunRecord read_any_run(const std::filesystem::path& path);

}  // namespace rtfx::results
