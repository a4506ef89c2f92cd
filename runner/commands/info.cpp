// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "results/csv_line.hpp"
#include "runner/commands/cases.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  ListingFlags listing;
  bool csv = false;
};

const runner::Headers& headers_of(const runner::ListRow& row) {
  static const runner::Headers none;
  return row.test ? row.test->headers : none;
}

std::string as_table(const std::vector<runner::ListRow>& rows) {
  Rows cells{{"NAME", "DESCRIPTION"}};
  for (const auto& row : rows) cells.push_back({row.name(), headers_of(row).summary});
  return tab_table(cells);
}

std::string as_csv(const std::vector<runner::ListRow>& rows) {
  std::string out = results::csv_line({"Name", "Description", "Known issues"});
  for (const auto& row : rows)
    out += results::csv_line({row.name(), headers_of(row).summary, headers_of(row).issue});
  return out;
}

/// What only some cases say.
void add_scheduling(const runner::Headers& headers, nlohmann::ordered_json& entry) {
  if (headers.retries) entry["retries"] = *headers.retries;
  if (headers.cpus != 1) entry["cpus"] = headers.cpus;
  if (headers.memory != 0) entry["memory"] = headers.memory;
  if (!headers.exclusive.empty()) entry["exclusive"] = headers.exclusive;
  for (const auto& input : headers.inputs) entry["inputs"].push_back(input.text);
}

std::string as_json(const std::vector<runner::ListRow>& rows) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows) {
    const runner::Headers& headers = headers_of(row);
    nlohmann::ordered_json entry;
    entry["name"] = row.name();
    entry["kind"] = row.test ? "case" : "group";
    entry["summary"] = headers.summary;
    entry["issue"] = headers.issue;
    entry["author"] = headers.author;
    entry["labels"] = row.labels().list();
    if (headers.repeated) entry["repeat"] = headers.repeat;
    if (headers.timeout) entry["timeout"] = headers.timeout->count();
    add_scheduling(headers, entry);
    list.push_back(entry);
  }
  return list.dump(1) + "\n";
}

int info(const Context& context, const Options& options) {
  const Cases cases = load_cases(context, options.listing.json ? Notes::omit : Notes::print);
  const auto rows = described_rows(options.listing, context, cases);
  print(options.listing.json ? as_json(rows) : options.csv ? as_csv(rows) : as_table(rows));
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_info(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("info", "print the test cases and what they are about");
  const auto options = std::make_shared<Options>();
  add_listing_flags(*command, options->listing);
  command->add_flag("--csv", options->csv, "print CSV")->excludes("--json");
  command->callback([&context, options] {
    context.action = [&context, options] { return info(context, *options); };
  });
}

}  // namespace rtfx::commands
