// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "runner/commands/cases.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

const char* state_of(const runner::ListRow& row) { return row.runs ? "Pass" : "Skip"; }

const std::string& variant_of(const runner::ListRow& row) {
  return row.test ? row.test->group->variant : row.group->variant;
}

std::string as_table(const std::vector<runner::ListRow>& rows, bool several_arches, bool plain) {
  Rows cells{{"STATE", "TEST", "LABELS"}};
  if (several_arches) cells = {{"STATE", "TEST", "ARCH", "LABELS"}};
  cells.reserve(rows.size() + 1);
  for (const auto& row : rows) {
    cells.push_back({state_of(row), row.name(), row.labels().str(", ")});
    if (several_arches) cells.back().insert(cells.back().begin() + 2, row.arch->name);
  }
  if (plain || !use_colour(STDOUT_FILENO)) return tab_table(cells);
  return tab_table(cells, [&](std::size_t row, std::size_t column, const std::string& text) {
    return row == 0 || column != 0 ? text : coloured(text, rows[row - 1].runs ? "32" : "33");
  });
}

std::string as_json(const std::vector<runner::ListRow>& rows) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows) {
    nlohmann::ordered_json entry;
    entry["state"] = state_of(row);
    entry["name"] = row.name();
    entry["arch"] = row.arch->name;
    entry["kind"] = row.test ? "case" : "group";
    if (!variant_of(row).empty()) entry["variant"] = variant_of(row);
    entry["labels"] = row.labels().list();
    list.push_back(std::move(entry));
  }
  return list.dump(1) + "\n";
}

int list(const Context& context, const ListingFlags& flags) {
  const Cases cases = load_cases(context, flags.json ? Notes::omit : Notes::print);
  const auto rows = selected_rows(flags, context, cases);
  print(flags.json ? as_json(rows) : as_table(rows, cases.arches.size() > 1, flags.plain));
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_list(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("list", "list the test cases and say which would run");
  const auto flags = std::make_shared<ListingFlags>();
  add_listing_flags(*command, *flags);
  command->callback(
      [&context, flags] { context.action = [&context, flags] { return list(context, *flags); }; });
}

}  // namespace rtfx::commands
