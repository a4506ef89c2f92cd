// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "results/merge.hpp"
#include "results/rows.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/run_json.hpp"
#include "runner/commands/table.hpp"
#include "runner/run_folder.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::vector<std::string> runs;
  std::string results = "_results", id;
  bool json = false;
};

/// The folder of the merged run appears with all that is in it, or not at all.
results::MergeOutcome merge_into(const runner::RunFolder& folder, const fs::path& results,
                                 const Options& options) {
  const TemporaryDirectory place(".merging", results);
  const fs::path part = place.path() / "run";
  fs::create_directory(part);
  results::MergeRequest request;
  request.runs.assign(options.runs.begin(), options.runs.end());
  request.id = folder.id;
  request.version = RTFX_VERSION;
  request.command_line = "rtfx merge " + text::join(options.runs, " ");
  results::MergeOutcome outcome = results::merge(request, part);
  if (rename(part.c_str(), folder.path.c_str()) != 0)
    throw system_error("making " + folder.path.string(), errno);
  return outcome;
}

void print_json(const fs::path& folder, const results::MergeOutcome& outcome) {
  nlohmann::ordered_json json = run_json(folder, outcome.run);
  json["notes"] = nlohmann::ordered_json::array();
  for (const std::string& note : outcome.notes) json["notes"].push_back(text::printable(note));
  print(json.dump(1) + "\n");
}

int merge(const Options& options) {
  const fs::path results = options.results;
  if (!options.id.empty() && fs::exists(fs::symlink_status(results / options.id))) {
    throw Error(fmt::format("{} exists already: give another --id, or remove it",
                            (results / options.id).string()),
                ExitCode::usage);
  }
  const runner::RunFolder folder = runner::make_run_folder(results, options.id, false);
  results::MergeOutcome outcome;
  try {
    outcome = merge_into(folder, results, options);
  } catch (...) {
    std::error_code ignored;
    fs::remove(folder.path, ignored);  // it is empty
    throw;
  }
  for (const std::string& note : outcome.notes)
    std::fprintf(stderr, "rtfx: %s\n", text::printable(note).c_str());
  const fs::path shown = results / folder.id;
  if (options.json) {
    print_json(shown, outcome);
  } else {
    print(fmt::format("{}: {}{}\n", shown.string(), results::describe(results::count(outcome.run)),
                      outcome.run.finished ? "" : "; not complete: " + outcome.run.reason));
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_merge(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "merge", "make one run of several: of shards, of machines, of architectures");
  const auto options = std::make_shared<Options>();
  command->add_option("runs", options->runs, "folders of runs")->required()->type_name("DIR");
  command->add_option("-r,--resultdir", options->results, "where the merged run gets its folder")
      ->capture_default_str()
      ->type_name("DIR");
  command->add_option("--id", options->id, "name of the merged run")->type_name("ID");
  command->add_flag("--json", options->json, "print JSON");
  command->callback(
      [&context, options] { context.action = [options] { return merge(*options); }; });
}

}  // namespace rtfx::commands
