// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
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
  std::string reason;             ///< why it did not, when the log says so
  std::vector<UnitRecord> units;  ///< in planned order

  /// Looks at one after the other.
  const UnitRecord* find(const UnitId& unit) const;
};

/// Counts over the cases of a run (groups' own scripts are not cases).
struct Counts {
  int passed = 0, failed = 0, errored = 0, timed_out = 0, skipped = 0, cancelled = 0, missing = 0;
  int flaky = 0;   ///< of the passed: those that needed more than one attempt
  int cached = 0;  ///< of the passed: those that were taken over from an earlier run
  int bad() const { return failed + errored + timed_out; }
};

/// Makes the record of a run from its events, one after the other; it can be looked at at any time.
///
/// * The last result of a unit counts, and a unit that is planned or started anew has none until it
///   ends again: an old pass must not stand for it.
/// * A log may hold several runs (a continued run, or merged ones): the last run_started speaks, or
///   the one that names the others as merged; subjects add up. The script of a group that ran in
///   several different runs has the worst of its results.
class Fold {
 public:
  Fold();
  Fold(Fold&&) noexcept;
  ~Fold();
  void add(const Event& event);
  void add(Event&& event);
  const RunRecord& record() const;
  /// The record; the units of several runs in the order of the whole plan when it is known (see
  /// sort_as_planned). The fold is empty afterwards.
  RunRecord take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

RunRecord fold(const std::vector<Event>& events);
/// Reads FOLDER/events.jsonl.
RunRecord read_run(const std::filesystem::path& folder);
Counts count(const RunRecord& run);

}  // namespace rtfx::results
