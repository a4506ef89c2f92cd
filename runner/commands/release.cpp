// SPDX-License-Identifier: Apache-2.0
//
// The main job. The passes stand below in their order; each takes what the one before it gave. The verdict separates
// them: nothing above it writes to a registry, nothing below it builds or tests. `rtfx release plan`, `test`, `verdict`
// and `publish` are some of the passes each.
#include <CLI/CLI.hpp>
#include <memory>

#include "ci/gate/build.hpp"
#include "ci/gate/decision.hpp"
#include "ci/publish/journal.hpp"
#include "harness/process/process.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/release_commands.hpp"
#include "runner/commands/release_judge.hpp"
#include "runner/commands/release_publish.hpp"
#include "runner/commands/release_steps.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  bool dry_run = false;
  bool rerun = false;
  bool json = false;
  unsigned jobs = 0;
  JudgeFlags judge;
  std::shared_ptr<PublishFlags> publish;
};

int release(const Context& context, const Options& options) {
  // Load: every problem of every file at once; nothing has been started or written yet.
  const gate::Input input = load_release(context);
  const std::unique_ptr<publish::Target> target =
      open_target(input.project, context, *options.publish);
  const gate::Rules rules = read_rules(options.judge, input.project,
                                       [&] { return released_record(*target, input.project); });
  const Workplace place = open_workplace(input.project, context, options.jobs, options.rerun);

  // Plan: what must exist and pass, from the input files alone.
  const gate::Plan plan = gate::make_plan(input, context.labels);

  // Build: packages and kernels per arch into the content store; what the store has is not built again.
  oci::Store store(place.store());
  const pkg::BuildEnvironment environment{process::system_runner(), store, input.project.table,
                                          place.cache / "buildah"};
  gate::Artifacts artifacts = gate::build_packages(
      input, plan, environment, place.run_folder / "logs", place.jobs, tell_progress, context.stop);

  // Assemble: bootable images of the examples, from the content store.
  gate::assemble_examples(input, plan, store, input.project.root / "_build", place.cache / "images",
                          tell_progress, context.stop, artifacts);

  // Test: the suites of the gate per arch, every result logged at once.
  run_suites(input, plan, artifacts, plan.arches(), place, context);

  // Decide: what is not proven to have passed blocks.
  const gate::Decision decision = gate::make_decision(place.id, plan, {place.run_folder},
                                                      artifacts.subjects, {place.store()}, rules);
  const bool ships = decision.verdict.ships;
  gate::write_decision(place.folder, decision, options.dry_run);
  publish::Journal(place.folder)
      .append(options.dry_run ? "dry run" : "decided", {{"ships", ships ? "yes" : "no"}});
  print_decision(decision, place.folder, options.json, context.verbosity > 0);
  if (context.stop.stop_requested()) {
    say("rtfx: interrupted; nothing was published: " + target->name() + " is as it was");
    return static_cast<int>(ExitCode::interrupted);
  }
  if (!ships) {
    say("rtfx: nothing was published: " + target->name() + " is as it was");
    return static_cast<int>(ExitCode::failed);
  }
  if (options.dry_run) {
    say("rtfx: dry run: every first-class arch passes; nothing was published");
    return static_cast<int>(ExitCode::ok);
  }

  // ---- Nothing above this line writes to a registry; nothing below it builds or tests. ----

  // Stage, publish, receipt: by digest, with evidence, then the tags, the release record last.
  return publish_decision(decision, input.project, context, *options.publish, *target,
                          options.json);
}

/// A flag of `release` itself would be read and forgotten by the command below it.
void refuse_flags(const CLI::App& release, const std::string& command) {
  for (const CLI::Option* option : release.get_options()) {
    if (option->count() > 0)
      throw CLI::ValidationError(option->get_name(), "is not for `rtfx release " + command +
                                                         "`, or has to stand behind it");
  }
}

}  // namespace

void add_release(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "release", "build, test and publish everything, only if every first-class arch passes");
  const auto options = std::make_shared<Options>();
  command->add_flag("--dry-run", options->dry_run, "do everything but publish");
  command->add_flag("--rerun", options->rerun,
                    "run every case, also those whose passing result is known");
  command->add_flag("--json", options->json, "print the verdict as JSON");
  command
      ->add_option("-j,--jobs", options->jobs,
                   "builds and cases at the same time (default: processors)")
      ->check(CLI::Range(1, 1024));
  add_judge_flags(*command, options->judge);
  options->publish = add_publish_flags(*command);
  command->require_subcommand(0, 1);
  add_release_plan(*command, context);
  add_release_test(*command, context);
  add_release_verdict(*command, context);
  add_release_publish(*command, context);
  add_release_rollback(*command, context);
  command->callback([&context, options, command] {
    if (!command->get_subcommands().empty())
      return refuse_flags(*command, command->get_subcommands().front()->get_name());
    context.action = [&context, options] { return release(context, *options); };
  });
}

}  // namespace rtfx::commands
