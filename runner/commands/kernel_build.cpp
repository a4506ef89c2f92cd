// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "harness/pkg/build_all.hpp"
#include "runner/commands/kernel.hpp"
#include "runner/commands/kernel_progress.hpp"
#include "runner/commands/pkg_report.hpp"
#include "runner/tree.hpp"

namespace rtfx::commands {

namespace {

struct BuildFlags {
  KernelFlags kernels;
  std::string timeout, progress = "auto";
  bool force = false, check_reproducible = false, json = false;
  unsigned processes = 0;
};

pkg::BuildRequest make_request(const BuildFlags& flags, const std::vector<Arch>& arches,
                               const std::filesystem::path& cache) {
  pkg::BuildRequest request;
  for (const Arch& arch : arches) request.arches.push_back(arch.name);
  request.options.force = flags.force;
  request.options.check_reproducible = flags.check_reproducible;
  request.jobs = 1;  // one kernel uses all processors
  request.log_directory = (cache / "logs").lexically_normal();
  return request;
}

/// What is asked for must exist for some of the arches.
void require_units(const std::vector<pkg::PlannedPackage>& plan, const std::vector<Arch>& arches) {
  std::vector<std::string> wanted, known;
  for (const Arch& arch : arches) wanted.push_back(arch.name);
  for (const pkg::PlannedPackage& planned : plan) {
    for (const std::string& arch : planned.package.arches) {
      if (std::find(wanted.begin(), wanted.end(), arch) != wanted.end()) return;
      if (std::find(known.begin(), known.end(), arch) == known.end()) known.push_back(arch);
    }
  }
  throw Error("none of these kernels is for " + text::join(wanted, ", ") + "; they are for " +
                  text::join(known, ", "),
              ExitCode::nothing_to_run);
}

int exit_code_of(const std::vector<pkg::UnitResult>& units) {
  ExitCode code = ExitCode::ok;
  for (const pkg::UnitResult& unit : units) {
    if (unit.ending == pkg::UnitEnding::cancelled) return static_cast<int>(ExitCode::interrupted);
    if (!unit.ok() && code != ExitCode::failed) code = unit.code;
  }
  return static_cast<int>(code);
}

void check_flags(const BuildFlags& flags) {
  if (flags.progress != "auto" && flags.progress != "plain" && flags.progress != "tty")
    throw Error("--progress: \"" + flags.progress + "\" is none of auto, plain, tty",
                ExitCode::usage);
  if (!flags.timeout.empty() && !runner::parse_time_limit(flags.timeout))
    throw Error("--timeout \"" + flags.timeout + "\": expected seconds, or 30s, 5m or 1h",
                ExitCode::usage);
}

/// "kernel:6.12-firecracker arm64": without organisation and hash.
std::string short_name(const pkg::UnitResult& unit, const pkg::PlannedPackage& planned) {
  const std::string& tag = planned.package.tag_template;
  return planned.package.image + ":" + tag.substr(0, tag.find("-{{")) + " " + unit.arch;
}

int build(const BuildFlags& flags, const Context& context) {
  check_flags(flags);
  const auto project = context.project();
  const PackageDefaults defaults = package_defaults(project);
  const auto plan = plan_of(chosen_series(flags.kernels, project, defaults), defaults);
  const std::vector<Arch> arches = context.target_arches(project);
  require_units(plan, arches);

  const std::filesystem::path cache = context.cache_directory();
  oci::Store store(cache / "store");
  pkg::BuildEnvironment environment{.runner = process::system_runner(),
                                    .store = store,
                                    .arches = defaults.table,
                                    .scratch = cache / "buildah",
                                    .processes = flags.processes};
  if (const auto limit = runner::parse_time_limit(flags.timeout)) environment.timeout = *limit;
  pkg::BuildRequest request = make_request(flags, arches, cache);
  KernelProgress progress(cache / "kernels/steps.json");
  if (flags.progress == "plain") {
    request.output = print_output;
  } else if (flags.progress == "tty" || ::isatty(STDERR_FILENO) == 1) {
    request.output = [&](const pkg::UnitResult& unit, std::string_view bytes) {
      progress.add(short_name(unit, plan[unit.package]), bytes);
    };
  } else {
    request.started = print_started;
  }
  const auto ended = [&](const pkg::UnitResult& unit) {
    progress.end(short_name(unit, plan[unit.package]), unit.ending == pkg::UnitEnding::built);
    if (!flags.json) print_unit(unit, plan[unit.package]);
  };
  const auto units = pkg::build_all(plan, request, environment, ended, context.stop);
  if (flags.json) print_json(units);
  return exit_code_of(units);
}

}  // namespace

void add_kernel_build(CLI::App& kernel, Context& context) {
  const auto flags = std::make_shared<BuildFlags>();
  CLI::App* command =
      kernel.add_subcommand("build", "compile kernels and put their images into the content store");
  add_kernel_flags(*command, flags->kernels);
  command->add_flag("--force", flags->force, "build also what the store has");
  command->add_flag("--check-reproducible", flags->check_reproducible,
                    "compile everything twice; other bytes are an error that is explained");
  command->add_option("--timeout", flags->timeout, "time limit of one kernel; default: 2h");
  command
      ->add_option("-j,--jobs", flags->processes,
                   "processes of make at once; default: the number of processors")
      ->check(CLI::Range(1, 1024));
  command->add_option("--progress", flags->progress, "auto, plain (what make prints) or tty")
      ->capture_default_str();
  command->add_flag("--json", flags->json, "print the results as JSON when all is done");
  command->callback(
      [&context, flags] { context.action = [&context, flags] { return build(*flags, context); }; });
}

}  // namespace rtfx::commands
