// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/cases.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdio>
#include <unordered_set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "results/history.hpp"
#include "runner/select.hpp"

namespace rtfx::commands {
namespace {

fs::path case_directory(const Context& context, const std::optional<runner::Project>& project) {
  if (!context.case_directory.empty()) return context.case_directory;
  if (project && !project->cases.empty()) return project->root / project->cases;
  return fs::is_directory("cases") ? "cases" : ".";
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Cases load_cases(const Context& context, Notes notes) {
  Cases cases;
  cases.project = context.project();
  if (cases.project) cases.table = cases.project->table;
  cases.arches = context.target_arches(cases.project);
  Diagnostics diagnostics;
  runner::RtfDifferences differences;
  cases.tree = runner::load_tree(case_directory(context, cases.project), diagnostics, &differences);
  diagnostics.throw_if_any();
  runner::check_labels(*cases.tree, context.labels, cases.table);
  for (const auto& label : runner::unknown_labels(*cases.tree, context.labels, cases.table)) {
    fmt::print(stderr, "rtfx: note: no case asks for the label \"{}\"\n", text::printable(label));
  }
  if (notes == Notes::omit) return cases;
  for (const std::string& line : differences.lines()) fmt::print(stderr, "rtfx: note: {}\n", line);
  return cases;
}

void add_selection_flags(CLI::App& command, Selection& selection) {
  command.add_option("pattern", selection.patterns,
                     "names of cases or groups, the start of names, globs; !PATTERN leaves out");
  command
      .add_option("-E,--expression", selection.expression,
                  "only what this selects, as in 'label(slow) & !group(a.b)'")
      ->type_name("EXPRESSION");
  command.add_flag("--rtf-prefix", selection.rtf_prefix,
                   "every pattern is the start of names, as in rtf");
  command.add_option("-s,--shard", selection.shard, "part N of M of what would run")
      ->type_name("N/M");
  command
      .add_option("--shard-by", selection.shard_by,
                  "how the parts are made: count (as rtf), hash (stable) or duration (balanced)")
      ->type_name("HOW")
      ->check(CLI::IsMember({"count", "hash", "duration"}));
  command
      .add_option("--durations", selection.durations,
                  "past durations for --shard-by duration: a run's folder, SUMMARY.json or "
                  "history.json; the same for all parts")
      ->type_name("PATH");
}

void add_listing_flags(CLI::App& command, ListingFlags& flags) {
  add_selection_flags(command, flags.selection);
  command
      .add_option("-r,--resultdir", flags.results,
                  "folder of the results that --shard-by duration knows (default: _results)")
      ->type_name("DIR");
  command.add_flag("--json", flags.json, "print JSON");
  command.add_flag("--plain", flags.plain, "print as rtf does, also on a terminal");
}

void apply_selection(const Selection& selection, const Context& context, const Cases& cases,
                     runner::RunOptions& options) {
  options.patterns = selection.patterns;
  options.expression = selection.expression;
  options.rtf_prefix = selection.rtf_prefix;
  options.labels = context.labels;
  options.arches = cases.arches;
  options.shard = parse_shard(selection.shard);
  if (selection.shard_by == "hash") options.shard.by = runner::Shard::By::hash;
  if (selection.shard_by == "duration") options.shard.by = runner::Shard::By::duration;
  if (!selection.shard_by.empty() && selection.shard.empty())
    throw Error("--shard-by says how -s N/M divides: give both", ExitCode::usage);
  if (selection.durations.empty()) return;
  if (options.shard.by != runner::Shard::By::duration)
    throw Error("--durations is for --shard-by duration: give both", ExitCode::usage);
  const auto history =
      std::make_shared<results::History>(results::read_durations(selection.durations));
  options.shard_duration = [history](const results::UnitId& unit) {
    return history->duration(unit);
  };
}

namespace {

/// The rows of a shard are those that the same flags would run.
std::vector<runner::ListRow> shard_rows(runner::RunOptions& options, const std::string& results,
                                        const Cases& cases) {
  results::History history;
  if (options.shard.by == runner::Shard::By::duration) {
    const fs::path usual = cases.project ? cases.project->root / "_results" : "_results";
    history = results::History::read(results.empty() ? usual : fs::path(results));
    options.duration = [&](const results::UnitId& unit) { return history.duration(unit); };
  }
  return runner::rows_of(runner::make_plan(*cases.tree, options, cases.table), cases.arches);
}

template <typename RowsOf>
std::vector<runner::ListRow> rows(const ListingFlags& flags, const Context& context,
                                  const Cases& cases, RowsOf rows_of) {
  runner::RunOptions options;
  apply_selection(flags.selection, context, cases, options);
  if (options.shard.count > 1) return shard_rows(options, flags.results, cases);
  const runner::Selector selector(*cases.tree, options.patterns, options.expression,
                                  options.rtf_prefix, cases.table);
  return rows_of(*cases.tree, selector, context.labels, cases.arches, cases.table);
}

}  // namespace

std::vector<runner::ListRow> selected_rows(const ListingFlags& flags, const Context& context,
                                           const Cases& cases) {
  return rows(flags, context, cases, runner::list_rows);
}

std::vector<runner::ListRow> described_rows(const ListingFlags& flags, const Context& context,
                                            const Cases& cases) {
  auto told = rows(flags, context, cases, runner::info_rows);
  std::unordered_set<const runner::Case*> seen;
  std::erase_if(told, [&](const runner::ListRow& row) {
    return row.test != nullptr && !seen.insert(row.test).second;
  });
  return told;
}

runner::Shard parse_shard(const std::string& text) {
  if (text.empty()) return {};
  const auto slash = text.find('/');
  const auto index = number(std::string_view(text).substr(0, slash));
  const auto count =
      slash == std::string::npos ? std::nullopt : number(std::string_view(text).substr(slash + 1));
  if (!index || !count || *index < 1 || *count < 1 || *index > *count) {
    throw Error(fmt::format("--shard \"{}\": expected N/M with N from 1 to M", text),
                ExitCode::usage);
  }
  return {*index, *count};
}

}  // namespace rtfx::commands
