// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "results/compare.hpp"
#include "results/csv_line.hpp"
#include "results/timestamp.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::vector<std::string> paths;
  bool csv = false, json = false, exit_code = false;
};

struct Comparison {
  std::vector<results::RunRecord> runs;
  std::vector<results::ComparedUnit> units;
  bool several_arches = false;
};

Comparison load(const Options& options) {
  Comparison comparison;
  for (const auto& path : options.paths) comparison.runs.push_back(results::read_any_run(path));
  comparison.units = results::compare(comparison.runs);
  std::set<std::string> arches;
  for (const auto& unit : comparison.units) arches.insert(unit.unit.arch);
  comparison.several_arches = arches.size() > 1;
  return comparison;
}

/// rtf's cell: the benchmark of a passing test that has one, else "Pass (0.12s)".
std::string cell(const std::optional<results::ComparedResult>& unit) {
  using results::Result;
  if (!unit) return "-";
  if (!unit->result) return "Missing";
  if (unit->result == Result::pass && !unit->benchmark.empty()) return unit->benchmark;
  std::string word = results::rtf_result_name(*unit->result);
  if (unit->result == Result::error) word = "Error";
  if (unit->result == Result::timeout) word = "Timeout";
  if (unit->flaky) word = "Flaky";
  return fmt::format("{} ({:.2f}s)", word, std::chrono::duration<double>(unit->elapsed).count());
}

std::vector<std::string> row(const results::ComparedUnit& unit, bool several_arches) {
  std::vector<std::string> cells{
      several_arches ? fmt::format("{} ({})", unit.unit.name, unit.unit.arch) : unit.unit.name};
  for (const auto& result : unit.results) cells.push_back(cell(result));
  cells.push_back(results::change_name(unit.change));
  return cells;
}

std::string as_table(const Comparison& comparison, const Options& options) {
  Rows rows{{"Name"}};
  rows[0].insert(rows[0].end(), options.paths.begin(), options.paths.end());
  rows[0].push_back("Change");
  for (const auto& unit : comparison.units) rows.push_back(row(unit, comparison.several_arches));
  if (!use_colour(STDOUT_FILENO)) return tab_table(rows);
  return tab_table(rows, [&](std::size_t r, std::size_t column, const std::string& text) {
    if (r == 0 || column + 1 != rows[r].size() || text.empty()) return text;
    const bool good = text == "mended" || text == "faster" || text == "new";
    return coloured(text, good ? "32" : "31");
  });
}

std::string as_csv(const Comparison& comparison) {
  std::vector<std::string> ids{"ID"}, starts{"Start Time"}, ends{"End Time"}, systems{"OS"},
      hardware{"Hardware"}, heading{"Name"};
  for (const auto& run : comparison.runs) {
    const auto& start = run.start;
    ids.push_back(start.run_id);
    starts.push_back(run.begin ? results::format_time_seconds(*run.begin) : "");
    ends.push_back(run.end ? results::format_time_seconds(*run.end) : "");
    systems.push_back(
        fmt::format("{} {} ({})", start.host_name, start.host_version, start.host_arch));
    hardware.push_back(fmt::format("{} CPU:{} {} GB", start.host_model, start.host_cpu,
                                   start.host_memory / (1 << 30)));
    heading.push_back("");
  }
  std::string out;
  heading.push_back("Change");
  for (const auto& line : {ids, starts, ends, systems, hardware, heading})
    out += results::csv_line(line);
  for (const auto& unit : comparison.units)
    out += results::csv_line(row(unit, comparison.several_arches));
  return out;
}

std::string as_json(const Comparison& comparison) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& unit : comparison.units) {
    nlohmann::ordered_json entry{{"name", text::printable(unit.unit.name)},
                                 {"arch", text::printable(unit.unit.arch)},
                                 {"change", results::change_name(unit.change)}};
    entry["results"] = nlohmann::ordered_json::array();
    for (const auto& result : unit.results) {
      if (!result) {
        entry["results"].push_back(nullptr);
      } else {
        entry["results"].push_back({{"status", result->status()},
                                    {"duration", result->elapsed.count()},
                                    {"benchmark", text::printable(result->benchmark)},
                                    {"reason", text::printable(result->reason)},
                                    {"flaky", result->flaky}});
      }
    }
    list.push_back(entry);
  }
  return list.dump(1) + "\n";
}

int compare(const Options& options) {
  const Comparison comparison = load(options);
  print(options.json  ? as_json(comparison)
        : options.csv ? as_csv(comparison)
                      : as_table(comparison, options));
  if (!options.json && !options.csv && comparison.runs.size() > 1)
    print(results::describe_changes(comparison.units) + "\n");
  const bool broke =
      std::any_of(comparison.units.begin(), comparison.units.end(),
                  [](const auto& unit) { return unit.change == results::Change::broke; });
  return static_cast<int>(options.exit_code && broke ? ExitCode::failed : ExitCode::ok);
}

}  // namespace

void add_compare(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("compare", "show the results of runs side by side");
  const auto options = std::make_shared<Options>();
  command->add_option("runs", options->paths, "folders of runs, or SUMMARY.json files (of rtf too)")
      ->required()
      ->type_name("DIR");
  command->add_flag("--csv", options->csv, "print CSV");
  command->add_flag("--json", options->json, "print JSON");
  command->add_flag("--exit-code", options->exit_code, "exit with 1 when something broke");
  command->callback(
      [&context, options] { context.action = [options] { return compare(*options); }; });
}

}  // namespace rtfx::commands
