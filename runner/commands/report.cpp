// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "results/reports.hpp"
#include "results/rows.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/run_json.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::vector<std::string> folders;
  bool json = false;
};

results::RunRecord regenerate(const fs::path& folder) {
  if (!fs::exists(folder / "events.jsonl")) {
    throw Error(
        fmt::format("{} is not the folder of a run: it has no events.jsonl", folder.string()),
        ExitCode::usage);
  }
  results::RunRecord run = results::read_run(folder);
  results::write_reports(run, folder);
  return run;
}

int report(const Options& options) {
  auto list = nlohmann::ordered_json::array();
  for (const fs::path folder : options.folders) {
    const results::RunRecord run = regenerate(folder);
    if (options.json) {
      list.push_back(run_json(folder, run));
    } else {
      print(fmt::format("{}: {}{}\n", folder.string(), results::describe(results::count(run)),
                        run.finished         ? ""
                        : run.reason.empty() ? "; the run did not come to its end"
                                             : "; not complete: " + run.reason));
    }
  }
  if (options.json) print(list.dump(1) + "\n");
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("report", "write the reports of runs anew from their event logs");
  const auto options = std::make_shared<Options>();
  command->add_option("folders", options->folders, "folders of runs, such as _results/latest")
      ->required()
      ->type_name("DIR");
  command->add_flag("--json", options->json, "print JSON");
  command->callback(
      [&context, options] { context.action = [options] { return report(*options); }; });
}

}  // namespace rtfx::commands
