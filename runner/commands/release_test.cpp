// SPDX-License-Identifier: Apache-2.0
//
// The passes build, assemble and test for some arches; what comes of them is carried to where the release is judged.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/files.hpp"
#include "ci/gate/decision.hpp"
#include "harness/process/process.hpp"
#include "runner/commands/release_commands.hpp"
#include "runner/commands/release_judge.hpp"
#include "runner/commands/release_results.hpp"
#include "runner/commands/release_steps.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::string out;
  bool rerun = false;
  bool json = false;
  unsigned jobs = 0;
  JudgeFlags judge;
};

/// The names that --arch gives; all of them are arches of the project.
std::vector<std::string> chosen_arches(const Context& context, const runner::Project& project,
                                       const gate::Plan& plan) {
  std::vector<std::string> chosen;
  for (const Arch& arch : context.target_arches(project)) {
    const std::vector<std::string> known = plan.arches();
    if (std::find(known.begin(), known.end(), arch.name) == known.end())
      throw Error(
          "--arch: " + arch.name + " is not an arch of " + (project.root / "rtfx.yml").string(),
          ExitCode::nothing_to_run);
    chosen.push_back(arch.name);
  }
  return chosen;
}

/// The part of the plan that is about these arches.
gate::Plan only(const gate::Plan& plan, const std::vector<std::string>& arches) {
  const auto other = [&](const std::string& arch) {
    return std::find(arches.begin(), arches.end(), arch) == arches.end();
  };
  gate::Plan part = plan;
  std::erase_if(part.first_class, other);
  std::erase_if(part.candidates, other);
  std::erase_if(part.requirements,
                [&](const gate::Requirement& requirement) { return other(requirement.unit.arch); });
  return part;
}

Workplace place_of(const runner::Project& project, const Context& context, const Options& options) {
  Workplace place = open_workplace(project, context, options.jobs, options.rerun);
  if (!options.out.empty()) {
    const fs::path out = fs::absolute(options.out).lexically_normal();
    place.run_folder = out.has_filename() ? out : out.parent_path();
  }
  place.folder = place.run_folder;
  return place;
}

/// Whether every first-class arch of the part passed, as far as one can say before the verdict.
bool is_ready(const gate::Verdict& verdict) {
  return std::all_of(
      verdict.arches.begin(), verdict.arches.end(),
      [](const gate::ArchVerdict& arch) { return !arch.first_class || arch.ready(); });
}

int test(const Context& context, const Options& options) {
  const gate::Input input = load_release(context);
  const gate::Plan plan = gate::make_plan(input, context.labels);
  const std::vector<std::string> arches = chosen_arches(context, input.project, plan);
  const gate::Plan part = only(plan, arches);
  const gate::Rules rules = read_rules(options.judge, input.project, [] { return std::nullopt; });
  const Workplace place = place_of(input.project, context, options);
  require_empty_or_same(place.run_folder, plan);

  oci::Store store(place.store());
  const pkg::BuildEnvironment environment{process::system_runner(), store, input.project.table,
                                          place.cache / "buildah"};
  gate::Artifacts artifacts = gate::build_packages(
      input, part, environment, place.run_folder / "logs", place.jobs, tell_progress, context.stop);
  gate::assemble_examples(input, part, store, input.project.root / "_build", place.cache / "images",
                          tell_progress, context.stop, artifacts);
  const results::RunRecord run = run_suites(input, plan, artifacts, arches, place, context);
  carry_images(artifacts, store, place.folder);

  const gate::Verdict verdict =
      gate::decide(part, {{place.run_folder.string(), run}}, artifacts.subjects, rules);
  if (options.json) {
    print(gate::verdict_json(verdict, place.id));
  } else {
    print("\n" + gate::verdict_text(verdict) + "\nresults  " + place.run_folder.string() + "\n");
  }
  if (context.stop.stop_requested()) {
    say("rtfx: interrupted; the same command goes on where it stopped");
    return static_cast<int>(ExitCode::interrupted);
  }
  return static_cast<int>(is_ready(verdict) ? ExitCode::ok : ExitCode::failed);
}

}  // namespace

void add_release_test(CLI::App& release, Context& context) {
  CLI::App* command = release.add_subcommand(
      "test", "build, assemble and test for the arches of --arch; judge and publish nothing");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("--out", options->out,
                   "folder for results and images, to be judged here or elsewhere; one that is "
                   "there is continued (default: _results/ID)")
      ->type_name("DIR");
  command->add_flag("--rerun", options->rerun,
                    "run every case, also those whose passing result is known");
  command->add_flag("--json", options->json, "print what the verdict would say of these arches");
  add_waivers_flag(*command, options->judge);
  command
      ->add_option("-j,--jobs", options->jobs,
                   "builds and cases at the same time (default: processors)")
      ->check(CLI::Range(1, 1024));
  command->callback([&context, options] {
    context.action = [&context, options] { return test(context, *options); };
  });
}

}  // namespace rtfx::commands
