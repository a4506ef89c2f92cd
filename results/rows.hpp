// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "results/record.hpp"

namespace rtfx::results {

/// What every report says of one unit; a unit without a result is "missing", which counts as failed
/// and never as passed.
struct Row {
  const UnitRecord* unit = nullptr;
  const UnitPlanned* planned = nullptr;
  const UnitFinished* finished = nullptr;  ///< null: missing
  std::string status;                      ///< result_name(), or "missing"
  int rtf_result = 1;
  std::string rtf_name;  ///< "Pass", "Fail", "Skip", "Cancel"
  std::string reason;    ///< "" for a pass
  std::optional<std::chrono::system_clock::time_point> start, end;
  std::chrono::nanoseconds elapsed{0};
};

/// Whether the unit is in the reports: every one but the scripts of groups, of which only those that
/// did not pass are of interest.
bool reported(const UnitRecord& unit);
/// It points into `unit`.
Row make_row(const UnitRecord& unit);
/// The rows of a report in planned order.
std::vector<Row> report_rows(const RunRecord& run);
/// The same, one after the other.
void for_each_row(const RunRecord& run, const std::function<void(const Row&)>& take);

/// How often the unit was tried in this run.
std::size_t attempts_of(const UnitRecord& unit);

/// Where the log is, or nullopt when there is none or its path leads out of the run's folder.
std::optional<std::filesystem::path> log_file(const std::filesystem::path& folder,
                                              const std::string& log);

/// Seconds as a decimal number without exponent and without superfluous digits: "0.25".
std::string format_seconds(std::chrono::nanoseconds duration);

/// Counts as a sentence: "12 passed (1 flaky), 1 failed, 3 skipped"; kinds that did not happen are left out.
std::string describe(const Counts& counts);

}  // namespace rtfx::results
