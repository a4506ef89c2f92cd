// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/release_verdict.hpp"

#include <CLI/CLI.hpp>

#include "ci/publish/journal.hpp"
#include "runner/commands/registry_flags.hpp"
#include "runner/commands/release_commands.hpp"
#include "runner/commands/release_publish.hpp"
#include "runner/commands/release_results.hpp"
#include "runner/commands/release_steps.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::shared_ptr<ResultsFlags> results;
  std::shared_ptr<PublishFlags> target;
  bool json = false;
};

int verdict(const Context& context, const Options& options) {
  const runner::Project project = context.require_project();
  const gate::Decision decision =
      judge_results(context, project, *options.results, [&]() -> std::optional<gate::Baseline> {
        if (project.registry.empty()) return std::nullopt;
        return released_record(*open_target(project, context, *options.target), project);
      });
  print_decision(decision, project.root / "_release" / decision.id, options.json,
                 context.verbosity > 0);
  return static_cast<int>(decision.verdict.ships ? ExitCode::ok : ExitCode::failed);
}

}  // namespace

std::shared_ptr<ResultsFlags> add_results_flags(CLI::App& command) {
  auto flags = std::make_shared<ResultsFlags>();
  command
      .add_option("--results", flags->folders,
                  "folders that `rtfx release test` made, here or on other machines")
      ->type_name("DIR...");
  command
      .add_option("--plan", flags->plan,
                  "a plan that `rtfx release plan` wrote, instead of that of the project here")
      ->type_name("FILE");
  add_judge_flags(command, flags->judge);
  return flags;
}

gate::Decision judge_results(const Context& context, const runner::Project& project,
                             const ResultsFlags& flags, const ReleasedRecord& record) {
  if (flags.folders.empty())
    throw Error("--results is missing: name the folders that `rtfx release test --out` made",
                ExitCode::usage);
  const gate::Plan plan = flags.plan.empty()
                              ? gate::make_plan(load_release(context), context.labels)
                              : gate::read_plan(flags.plan);
  const Workplace place = open_workplace(project, context, 1, false);
  const Carried carried = open_results(flags.folders, plan, place.store());
  const gate::Decision decision =
      gate::make_decision(place.id, plan, carried.runs, carried.subjects, carried.images,
                          read_rules(flags.judge, project, record));
  gate::write_decision(place.folder, decision);
  publish::Journal(place.folder)
      .append("decided", {{"ships", decision.verdict.ships ? "yes" : "no"}});
  return decision;
}

void add_release_verdict(CLI::App& release, Context& context) {
  CLI::App* command = release.add_subcommand(
      "verdict", "judge results of one or many machines; nothing is built, run or published");
  const auto options = std::make_shared<Options>();
  options->results = add_results_flags(*command);
  options->target = std::make_shared<PublishFlags>();
  options->target->registry = add_registry_flags(*command);
  command->add_option("--to", options->target->to, "whose release record --regress compares with")
      ->type_name("TARGET");
  command->add_flag("--json", options->json, "print the verdict as JSON");
  command->callback([&context, options] {
    context.action = [&context, options] { return verdict(context, *options); };
  });
}

}  // namespace rtfx::commands
