// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/event.hpp"
#include "runner/reporter.hpp"

namespace rtfx::console {

/// How far a run is: a function of its events and of the times at which they came.
class Progress {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Running {
    results::UnitId unit;
    int attempt = 1;
    TimePoint since;  ///< start of the attempt
  };

  /// What is said of the run as a whole, in the order in which it is said.
  struct Summary {
    std::string done, failed, running, elapsed, left;  ///< "" for what there is nothing to say of
    std::string str() const;
    /// As much as fits; what is least important is left out first.
    std::string str(std::size_t columns) const;
  };

  void start(const runner::RunInfo& run, TimePoint now);
  void event(const results::Event& event, TimePoint now);

  Summary summary(TimePoint now) const;
  /// What runs, the longest first.
  std::vector<Running> running() const;
  /// Cases that ended, but for those of which it was known beforehand that they need not run.
  std::size_t done() const { return done_; }
  /// How long it will still take; nothing while nothing is known.
  std::optional<std::chrono::nanoseconds> left(TimePoint now) const;

 private:
  void finished(const results::UnitFinished& unit);

  std::size_t total_ = 0, done_ = 0, failed_ = 0;
  std::optional<std::chrono::nanoseconds> expected_;
  TimePoint start_{};
  bool started_ = false;  ///< something was started
  std::map<results::UnitId, Running> running_;
};

/// "12s", "1m03s", "2h05m".
std::string format_clock(std::chrono::nanoseconds duration);
/// A time that is not exactly known, rounded so that it does not change with every look: "a few
/// seconds", "about 40s", "about 3m".
std::string format_about(std::chrono::nanoseconds duration);

}  // namespace rtfx::console
