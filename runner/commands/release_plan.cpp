// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "base/files.hpp"
#include "base/text.hpp"
#include "ci/gate/inputs.hpp"
#include "runner/commands/release_commands.hpp"
#include "runner/commands/release_steps.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::string output;
  bool json = false;
};

/// How much is asked for of an arch, by kind.
std::map<std::string, int> count(const gate::Plan& plan, const std::string& arch) {
  std::map<std::string, int> kinds;
  for (const gate::Requirement& requirement : plan.requirements) {
    if (requirement.unit.arch == arch) ++kinds[requirement.unit.kind];
  }
  return kinds;
}

std::string plan_text(const gate::Plan& plan, bool verbose) {
  std::string text = fmt::format("{:<10} {:<12} {:>9} {:>9} {:>9}\n", "ARCH", "STAGE", "PACKAGES",
                                 "IMAGES", "CASES");
  for (const std::string& arch : plan.arches()) {
    const bool first_class =
        std::find(plan.first_class.begin(), plan.first_class.end(), arch) != plan.first_class.end();
    std::map<std::string, int> kinds = count(plan, arch);
    text += fmt::format("{:<10} {:<12} {:>9} {:>9} {:>9}\n", arch,
                        first_class ? "first-class" : "candidate", kinds["package"], kinds["image"],
                        kinds["case"]);
  }
  for (const gate::Requirement& requirement : plan.requirements) {
    const results::UnitId& unit = requirement.unit;
    if (!requirement.obstacle.empty()) {
      text += fmt::format("  {} {} {} {}: {}\n", requirement.blocking ? "BLOCKS" : "lacks ",
                          unit.arch, unit.kind, unit.name, requirement.obstacle);
    } else if (verbose) {
      text += fmt::format(
          "  {} {} {}{}\n", unit.arch, unit.kind, unit.name,
          requirement.suites.empty() ? "" : " (" + text::join(requirement.suites, ", ") + ")");
    }
  }
  if (const auto changed = gate::changed_inputs(plan); !changed.empty())
    text += "  note   not as the commit has it: " + text::join(changed, ", ") + "\n";
  return text + "commit   " + (plan.commit.empty() ? "none" : plan.commit) + "\n";
}

int plan(const Context& context, const Options& options) {
  const gate::Plan plan = gate::make_plan(load_release(context), context.labels);
  const std::string json = gate::plan_json(plan);
  if (!options.output.empty()) write_file_atomically(options.output, json);
  if (options.json) {
    print(json);
  } else {
    print(plan_text(plan, context.verbosity > 0));
    if (!options.output.empty()) print("plan     " + options.output + "\n");
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_release_plan(CLI::App& release, Context& context) {
  CLI::App* command = release.add_subcommand(
      "plan", "print what must exist and pass before anything ships; nothing is built");
  const auto options = std::make_shared<Options>();
  command->add_option("-o,--output", options->output, "write the plan to this file, as JSON")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "print the plan as JSON");
  command->callback([&context, options] {
    context.action = [&context, options] { return plan(context, *options); };
  });
}

}  // namespace rtfx::commands
