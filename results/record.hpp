// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "results/event.hpp"

namespace rtfx::results {

/// A unit with all that the log says of it.
struct UnitRecord {
  UnitPlanned planned;
  std::optional<std::chrono::system_clock::time_point> started;  ///< its first attempt
  std::vector<UnitRetried> retried;                              ///< the attempts before the last
  std::optional<UnitFinished> finished;  ///< absent: no result (not run, or the run was killed)
  std::optional<std::chrono::system_clock::time_point> ended;  ///< when `finished` was logged

  /// It passed, but not at the first attempt.
  bool flaky() const { return finished && finished->result == Result::pass && !retried.empty(); }
};

/// A run as its event log tells it.
struct RunRecord {
  RunStarted start;
  std::optional<std::chrono::system_clock::time_point> begin, end;
  bool finished = false;          ///< the run came to its end by itself
  std::vector<UnitRecord> units;  ///< in planned order

  const UnitRecord* find(const UnitId& unit) const;
};

/// Counts over the cases of a run (groups' own scripts are not cases).
struct Counts {
  int passed = 0, failed = 0, errored = 0, timed_out = 0, skipped = 0, cancelled = 0, missing = 0;
  int bad() const { return failed + errored + timed_out; }
};

RunRecord fold(const std::vector<Event>& events);
/// Reads FOLDER/events.jsonl.
RunRecord read_run(const std::filesystem::path& folder);
Counts count(const RunRecord& run);

}  // namespace rtfx::results
