// SPDX-License-Identifier: Apache-2.0
#include "results/rows.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"

namespace rtfx::results {
bool reported(const UnitRecord& unit) {
  if (unit.planned.unit.kind != "group") return true;
  return unit.finished && unit.finished->result != Result::pass &&
         unit.finished->result != Result::skip;
}

Row make_row(const UnitRecord& unit) {
  Row row;
  row.unit = &unit;
  row.planned = &unit.planned;
  row.start = unit.started;
  row.end = unit.ended;
  if (!unit.finished) {
    row.status = "missing";
    row.rtf_name = "Fail";
    row.reason =
        unit.started ? "no result: the run ended while it ran" : "no result: it was not run";
    return row;
  }
  row.finished = &*unit.finished;
  row.status = result_name(row.finished->result);
  row.rtf_result = rtf_result(row.finished->result);
  row.rtf_name = rtf_result_name(row.finished->result);
  row.reason = row.finished->reason;
  row.elapsed = row.finished->elapsed;
  if (!row.start) row.start = row.end;
  return row;
}

void for_each_row(const RunRecord& run, const std::function<void(const Row&)>& take) {
  for (const auto& unit : run.units) {
    if (reported(unit)) take(make_row(unit));
  }
}

std::vector<Row> report_rows(const RunRecord& run) {
  std::vector<Row> rows;
  rows.reserve(run.units.size());
  for_each_row(run, [&](const Row& row) { rows.push_back(row); });
  return rows;
}

std::size_t attempts_of(const UnitRecord& unit) {
  return unit.retried.size() + (unit.started ? 1 : 0);
}

std::optional<std::filesystem::path> log_file(const std::filesystem::path& folder,
                                              const std::string& log) {
  const std::filesystem::path path(log);
  if (log.empty() || path.is_absolute()) return std::nullopt;
  for (const auto& part : path) {
    if (part == "..") return std::nullopt;
  }
  return folder / path;
}

std::string format_seconds(std::chrono::nanoseconds duration) {
  const auto seconds = std::chrono::duration<float>(duration).count();
  std::array<char, 64> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), seconds, std::chars_format::fixed)
          .ptr;
  return {buffer.data(), end};
}

std::string describe(const Counts& counts) {
  std::vector<std::string> parts{fmt::format("{} passed", counts.passed)};
  std::vector<std::string> kinds;
  if (counts.flaky > 0) kinds.push_back(fmt::format("{} flaky", counts.flaky));
  if (counts.cached > 0) kinds.push_back(fmt::format("{} cached", counts.cached));
  if (!kinds.empty()) parts[0] += " (" + text::join(kinds, ", ") + ")";
  const std::array<std::pair<int, const char*>, 6> others{{{counts.failed, "failed"},
                                                           {counts.errored, "with an error"},
                                                           {counts.timed_out, "timed out"},
                                                           {counts.missing, "without a result"},
                                                           {counts.cancelled, "cancelled"},
                                                           {counts.skipped, "skipped"}}};
  for (const auto& [number, word] : others) {
    if (number > 0) parts.push_back(fmt::format("{} {}", number, word));
  }
  return text::join(parts, ", ");
}

}  // namespace rtfx::results
