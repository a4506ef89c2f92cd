// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "harness/process/process.hpp"
#include "results/event.hpp"

namespace rtfx::runner {

/// What is known of a run before it starts anything.
struct RunInfo {
  std::string id;
  std::filesystem::path folder;
  std::string labels;     ///< all of them, ", " between
  std::size_t cases = 0;  ///< units of the kind "case" that the run will start
  int jobs = 1;
  /// How long it will take, as far as earlier runs can tell.
  std::optional<std::chrono::nanoseconds> expected;
};

/// Told of what happens while it happens, on the thread of the loop.
class Reporter {
 public:
  virtual ~Reporter() = default;
  /// Before the first event.
  virtual void run_started(const RunInfo& run) = 0;
  /// Each event as it is logged, with its time.
  virtual void event(const results::Event& event) = 0;
  /// Output of a unit as it comes: raw bytes, pieces of any size.
  virtual void output(const results::UnitId& unit, process::Stream stream,
                      std::string_view bytes) = 0;
};

}  // namespace rtfx::runner
