// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/record.hpp"

namespace rtfx::results {

/// What one run says of a unit.
struct ComparedResult {
  std::optional<Result> result;  ///< nullopt: it was planned, and has none
  std::string reason, benchmark;
  std::chrono::nanoseconds elapsed{0};
  bool flaky = false;

  /// It failed, in whatever way, or has no result.
  bool bad() const { return !result || rtf_result(*result) == 1; }
  /// The result's name, or "missing".
  std::string status() const { return result ? result_name(*result) : "missing"; }
};

/// Between the first run that has the unit and the last run.
enum class Change {
  none,
  broke,     ///< it did not fail, and does now
  mended,    ///< it failed, and passes
  flaky,     ///< it passed at once or not at all, and passes at a later attempt now
  slower,    ///< it passes, and takes longer by more than half and by more than half a second
  faster,    ///< the contrary
  appeared,  ///< only the last run has it ("new")
  gone,      ///< the last run has not got it
};
/// "broke", "mended" ...; "new" for `appeared`, "" for `none`.
std::string change_name(Change change);

/// One unit in several runs.
struct ComparedUnit {
  UnitId unit;
  std::vector<std::optional<ComparedResult>> results;  ///< one a run; nullopt: it is not in it
  Change change = Change::none;
};

/// The cases of the runs side by side, in the order in which they first appear. A result without an
/// architecture (rtf knows none) is that of the run's host, or of the only architecture that others
/// have the case for.
std::vector<ComparedUnit> compare(const std::vector<RunRecord>& runs);

/// "2 broke, 1 mended", or "nothing changed".
std::string describe_changes(const std::vector<ComparedUnit>& units);

/// A run from its folder, from an events.jsonl or from a SUMMARY.json (of rtf too).
RunRecord read_any_run(const std::filesystem::path& path);

}  // namespace rtfx::results
