// SPDX-License-Identifier: Apache-2.0
//
// What earlier runs teach: how long a unit takes, and whether its last result was a pass that can
// stand for another run. RESULTS/history.json is derived from runs; nothing but time is lost when it
// is deleted.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>

#include "results/record.hpp"

namespace rtfx::results {

class History {
 public:
  /// Reads RESULTS/history.json. A file that is absent or damaged is an empty history; never throws.
  static History read(const std::filesystem::path& results_folder);

  /// How long the unit takes when it passes, with more weight on later runs. What is known of it
  /// without an architecture (from a SUMMARY.json of rtf) counts for every architecture.
  std::optional<std::chrono::nanoseconds> duration(const UnitId& unit) const;
  /// When the unit's last result was a pass at the first attempt, with this key: that pass, with
  /// reused_from naming its run. Never for an empty key.
  std::optional<UnitFinished> pass(const UnitId& unit, const std::string& key) const;

  /// Learns from what ran: units that were skipped, cancelled or reused, or have no result, teach
  /// nothing.
  void add(const RunRecord& run);
  /// Replaces RESULTS/history.json in one step.
  void write(const std::filesystem::path& results_folder) const;

  std::size_t size() const { return units_.size(); }

 private:
  friend class HistoryReader;
  struct Known {
    std::chrono::nanoseconds duration{0};  ///< smoothed
    std::chrono::nanoseconds elapsed{0};   ///< of the pass that `key` belongs to
    std::string key, run, benchmark;
  };
  struct Hash {
    std::size_t operator()(const UnitId& unit) const { return unit.hash(); }
  };
  std::unordered_map<UnitId, Known, Hash> units_;
};

/// Adds a run to RESULTS/history.json. Several programs may do so at once: each has its turn.
void remember(const std::filesystem::path& results_folder, const RunRecord& run);

/// Durations from a run's folder, an events.jsonl, a SUMMARY.json (of rtf too), a history.json or a
/// folder with one. Throws Error (ExitCode::usage) for anything else.
History read_durations(const std::filesystem::path& path);

}  // namespace rtfx::results
