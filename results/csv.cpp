// SPDX-License-Identifier: Apache-2.0
//
// rtf's two CSV files: its columns first and in its order, ours after them.
#include <fmt/format.h>

#include "base/text.hpp"
#include "results/csv_line.hpp"
#include "results/reports.hpp"
#include "results/rows.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

std::string quoted(const std::string& field) {
  const std::string clean = text::printable(field);
  if (clean.empty()) return clean;
  const bool blank_first = clean.front() == ' ' || clean.front() == '\t';
  if (!blank_first && clean.find_first_of(",\"\r\n") == std::string::npos) return clean;
  std::string out = "\"";
  for (const char c : clean) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string time_or_nothing(const std::optional<std::chrono::system_clock::time_point>& time) {
  return time ? format_time_seconds(*time) : "";
}

}  // namespace

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const auto& field : fields) {
    if (&field != &fields.front()) line += ',';
    line += quoted(field);
  }
  return line + '\n';
}

void write_tests_csv(const RunRecord& run, const Sink& sink) {
  sink(
      csv_line({"ID", "Timestamp", "Duration", "Name", "Result", "Benchmark", "Description",
                "Issues", "Arch", "Status", "Reason", "Log", "Leaked", "Reused From", "Attempts"}));
  const UnitFinished none;
  for_each_row(run, [&](const Row& row) {
    const UnitFinished& finished = row.finished ? *row.finished : none;
    sink(csv_line({run.start.run_id, time_or_nothing(row.end), format_seconds(row.elapsed),
                   row.planned->unit.name, row.rtf_name, finished.benchmark, row.planned->summary,
                   row.planned->issue, row.planned->unit.arch, row.status, row.reason, finished.log,
                   finished.leaked ? "true" : "false", finished.reused_from,
                   std::to_string(attempts_of(*row.unit))}));
  });
}

void write_summary_csv(const RunRecord& run, const Sink& sink) {
  const Counts counts = count(run);
  const auto duration = run.begin && run.end ? *run.end - *run.begin : std::chrono::nanoseconds(0);
  const auto number = [](int value) { return std::to_string(value); };
  sink(csv_line({"ID",           "Version", "Start Time", "End Time",  "Duration", "Passed",
                 "Failed",       "Skipped", "Labels",     "OS",        "OS Name",  "OS Version",
                 "System Model", "CPU",     "Memory",     "Cancelled", "Errored",  "Timed Out",
                 "Missing",      "Arch",    "Complete",   "Flaky"}));
  sink(csv_line({run.start.run_id,
                 run.start.commit.empty() ? "UNKNOWN" : run.start.commit,
                 time_or_nothing(run.begin),
                 time_or_nothing(run.end),
                 format_seconds(duration),
                 number(counts.passed),
                 number(counts.bad() + counts.missing),
                 number(counts.skipped),
                 text::join(run.start.labels, ", "),
                 run.start.host_os,
                 run.start.host_name,
                 run.start.host_version,
                 run.start.host_model,
                 run.start.host_cpu,
                 fmt::format("{}", run.start.host_memory),
                 number(counts.cancelled),
                 number(counts.errored),
                 number(counts.timed_out),
                 number(counts.missing),
                 run.start.host_arch,
                 run.finished ? "true" : "false",
                 number(counts.flaky)}));
}

}  // namespace rtfx::results
