// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "results/csv_line.hpp"
#include "runner/commands/cases.hpp"
#include "runner/commands/table.hpp"
#include "runner/listing.hpp"
#include "runner/select.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::string pattern;
  bool csv = false, json = false;
};

const runner::Headers& headers_of(const runner::ListRow& row) {
  static const runner::Headers none;
  return row.test ? row.test->headers : none;
}

std::string as_table(const std::vector<runner::ListRow>& rows) {
  Rows cells{{"NAME", "DESCRIPTION"}};
  for (const auto& row : rows) cells.push_back({row.name, headers_of(row).summary});
  return tab_table(cells);
}

std::string as_csv(const std::vector<runner::ListRow>& rows) {
  std::string out = results::csv_line({"Name", "Description", "Known issues"});
  for (const auto& row : rows)
    out += results::csv_line({row.name, headers_of(row).summary, headers_of(row).issue});
  return out;
}

std::string as_json(const std::vector<runner::ListRow>& rows) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows) {
    const runner::Headers& headers = headers_of(row);
    nlohmann::ordered_json entry;
    entry["name"] = row.name;
    entry["kind"] = row.test ? "case" : "group";
    entry["summary"] = headers.summary;
    entry["issue"] = headers.issue;
    entry["author"] = headers.author;
    entry["labels"] = text::split_list(row.labels.str(","));
    if (headers.repeated) entry["repeat"] = headers.repeat;
    if (headers.timeout) entry["timeout"] = headers.timeout->count();
    list.push_back(entry);
  }
  return list.dump(1) + "\n";
}

/// With a pattern: what it names; without: every case, and the groups that are left out, as rtf has
/// it.
int info(const Context& context, const Options& options) {
  const Cases cases = load_cases(context);
  runner::find_cases(*cases.tree, options.pattern);  // throws when there are none
  auto rows = runner::list_rows(*cases.tree, "", context.labels, cases.arches.front(), cases.table);
  const runner::Pattern pattern(options.pattern, *cases.tree);
  std::erase_if(rows, [&](const runner::ListRow& row) { return !pattern.matches(row.name); });
  print(options.json ? as_json(rows) : options.csv ? as_csv(rows) : as_table(rows));
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_info(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("info", "print the test cases and what they are about");
  const auto options = std::make_shared<Options>();
  command->add_option("pattern", options->pattern,
                      "name of a case or group, or the start of names");
  command->add_flag("--csv", options->csv, "print CSV");
  command->add_flag("--json", options->json, "print JSON");
  command->callback([&context, options] {
    context.action = [&context, options] { return info(context, *options); };
  });
}

}  // namespace rtfx::commands
