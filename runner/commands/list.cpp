// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "runner/commands/cases.hpp"
#include "runner/commands/table.hpp"
#include "runner/listing.hpp"
#include "runner/select.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::string pattern, shard;
  bool json = false;
};

const char* state_of(const runner::ListRow& row) { return row.runs ? "Pass" : "Skip"; }

std::string as_table(const std::vector<runner::ListRow>& rows, bool several_arches) {
  Rows cells{{"STATE", "TEST", "LABELS"}};
  if (several_arches) cells = {{"STATE", "TEST", "ARCH", "LABELS"}};
  for (const auto& row : rows) {
    cells.push_back({state_of(row), row.name, row.labels.str(", ")});
    if (several_arches) cells.back().insert(cells.back().begin() + 2, row.arch);
  }
  if (!use_colour(STDOUT_FILENO)) return tab_table(cells);
  return tab_table(cells, [&](std::size_t row, std::size_t column, const std::string& text) {
    return row == 0 || column != 0 ? text : coloured(text, rows[row - 1].runs ? "32" : "33");
  });
}

std::string as_json(const std::vector<runner::ListRow>& rows) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows) {
    nlohmann::ordered_json entry;
    entry["state"] = state_of(row);
    entry["name"] = row.name;
    entry["arch"] = row.arch;
    entry["kind"] = row.test ? "case" : "group";
    entry["labels"] = text::split_list(row.labels.str(","));
    list.push_back(entry);
  }
  return list.dump(1) + "\n";
}

int list(const Context& context, const Options& options) {
  const Cases cases = load_cases(context);
  const runner::Shard shard = parse_shard(options.shard);
  runner::find_cases(*cases.tree, options.pattern);  // throws when there are none
  std::vector<runner::ListRow> rows;
  for (const Arch& arch : cases.arches) {
    const auto more =
        runner::list_rows(*cases.tree, options.pattern, context.labels, arch, cases.table);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  if (shard.count > 1) rows = runner::keep_shard(std::move(rows), shard);
  print(options.json ? as_json(rows) : as_table(rows, cases.arches.size() > 1));
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_list(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("list", "list the test cases and say which would run");
  const auto options = std::make_shared<Options>();
  command->add_option("pattern", options->pattern,
                      "name of a case or group, or the start of names");
  command->add_option("-s,--shard", options->shard, "part N of M of what would run")
      ->type_name("N/M");
  command->add_flag("--json", options->json, "print JSON");
  command->callback([&context, options] {
    context.action = [&context, options] { return list(context, *options); };
  });
}

}  // namespace rtfx::commands
