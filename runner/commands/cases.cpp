// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/cases.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdio>

#include "base/files.hpp"
#include "base/text.hpp"
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
  cases.tree = runner::load_tree(case_directory(context, cases.project), diagnostics);
  diagnostics.throw_if_any();
  runner::check_labels(*cases.tree, context.labels, cases.table);
  if (notes == Notes::omit) return cases;
  for (const auto& label : runner::unknown_labels(*cases.tree, context.labels, cases.table)) {
    fmt::print(stderr, "rtfx: note: no case asks for the label \"{}\"\n", text::printable(label));
  }
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
