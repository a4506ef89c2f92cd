// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/pkg_build.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "harness/pkg/build_all.hpp"

namespace rtfx::commands {

namespace {

struct BuildFlags {
  std::string platforms, skip_platforms;
  bool force = false, json = false;
  unsigned jobs = 0;
};

/// "linux/arm64,linux/amd64" -> {"arm64", "amd64"}; every one must be known.
std::vector<std::string> parse_platforms(const std::string& flag, const std::string& list,
                                         const ArchTable& table) {
  std::vector<std::string> arches;
  for (const std::string& platform : text::split_list(list)) {
    if (!platform.starts_with("linux/"))
      throw Error(flag + ": \"" + platform + "\" is not of the form linux/ARCH", ExitCode::usage);
    arches.push_back(table.find(platform.substr(6)).name);
  }
  return arches;
}

pkg::BuildRequest make_request(const PkgFlags& common, const BuildFlags& flags,
                               const Context& context,
                               const std::optional<runner::Project>& project,
                               const PackageDefaults& defaults) {
  if (!flags.platforms.empty() && !flags.skip_platforms.empty())
    throw Error("--platforms and --skip-platforms exclude each other", ExitCode::usage);
  if (common.tag.hash_commit != "HEAD")
    throw Error("only what is checked out can be built: --hash-commit must be HEAD here",
                ExitCode::usage);
  pkg::BuildRequest request;
  if (!flags.platforms.empty()) {
    request.arches = parse_platforms("--platforms", flags.platforms, defaults.table);
  } else if (!context.arch.empty()) {
    for (const Arch& arch : context.target_arches(project)) request.arches.push_back(arch.name);
  } else if (project) {
    request.arches = defaults.arches;
  }
  request.skip_arches = parse_platforms("--skip-platforms", flags.skip_platforms, defaults.table);
  request.force = flags.force;
  request.jobs = flags.jobs;
  request.log_directory = (context.cache_directory() / "logs").lexically_normal();
  return request;
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

void print_unit(const pkg::UnitResult& unit) {
  const std::string digest = unit.manifest ? unit.manifest->digest.str() : "";
  switch (unit.ending) {
    case pkg::UnitEnding::built:
      fmt::print("{} {} built in {:.1f} s {}\n", unit.ref, unit.arch, seconds(unit.elapsed),
                 digest);
      break;
    case pkg::UnitEnding::cached:
      fmt::print("{} {} cached {}\n", unit.ref, unit.arch, digest);
      break;
    case pkg::UnitEnding::failed:
      fmt::print("{} {} FAILED after {:.1f} s\n", unit.ref, unit.arch, seconds(unit.elapsed));
      fmt::print(stderr, "rtfx: {}\n", text::join(text::split(unit.error, '\n'), "\n      "));
      if (!unit.log.empty()) fmt::print(stderr, "rtfx: the whole log is {}\n", unit.log.string());
      break;
    case pkg::UnitEnding::blocked:
      fmt::print("{} {} not built: {}\n", unit.ref, unit.arch, unit.error);
      break;
    case pkg::UnitEnding::cancelled:
      fmt::print("{} {} cancelled\n", unit.ref, unit.arch);
      break;
  }
  std::fflush(stdout);
}

void print_json(const std::vector<pkg::UnitResult>& units) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const pkg::UnitResult& unit : units) {
    nlohmann::ordered_json item;
    item["ref"] = unit.ref;
    item["arch"] = unit.arch;
    item["result"] = pkg::to_string(unit.ending);
    if (unit.manifest) item["digest"] = unit.manifest->digest.str();
    item["seconds"] = seconds(unit.elapsed);
    if (!unit.error.empty()) item["error"] = unit.error;
    if (!unit.log.empty()) item["log"] = unit.log.string();
    list.push_back(std::move(item));
  }
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

/// Packages that were given and have no arch that is asked for. That none has one is an error when
/// arches were named.
void tell_skipped(const std::vector<pkg::PlannedPackage>& plan,
                  const std::vector<pkg::UnitResult>& units, const pkg::BuildRequest& request) {
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const bool has_units = std::any_of(units.begin(), units.end(),
                                       [&](const auto& unit) { return unit.package == i; });
    if (plan[i].requested && !has_units) {
      fmt::print(stderr, "Skipping {} with no architectures to build\n", plan[i].ref);
    }
  }
  if (units.empty() && !request.arches.empty() && request.skip_arches.empty()) {
    std::vector<std::string> arches;
    for (const pkg::PlannedPackage& planned : plan) {
      for (const std::string& arch : planned.package.arches) {
        if (std::find(arches.begin(), arches.end(), arch) == arches.end()) arches.push_back(arch);
      }
    }
    throw Error("nothing to build for " + text::join(request.arches, ", ") +
                    "; the packages are for " +
                    (arches.empty() ? "no arch" : text::join(arches, ", ")),
                ExitCode::nothing_to_run);
  }
}

int exit_code_of(const std::vector<pkg::UnitResult>& units) {
  const auto any = [&](pkg::UnitEnding ending) {
    return std::any_of(units.begin(), units.end(),
                       [&](const pkg::UnitResult& unit) { return unit.ending == ending; });
  };
  if (any(pkg::UnitEnding::cancelled)) return static_cast<int>(ExitCode::interrupted);
  ExitCode code = ExitCode::ok;
  for (const pkg::UnitResult& unit : units) {
    // A package that is wrong tells more than a host that lacks something.
    if (!unit.ok() && code != ExitCode::failed) code = unit.code;
  }
  return static_cast<int>(code);
}

int build(const PkgFlags& common, const BuildFlags& flags, const Context& context) {
  const std::optional<runner::Project> project = context.project();
  const PackageDefaults defaults = package_defaults(project);
  const pkg::BuildRequest request = make_request(common, flags, context, project, defaults);
  Diagnostics diagnostics;
  const auto plan = pkg::plan_packages(common.directories, common.tag, defaults.org,
                                       defaults.arches, diagnostics);
  diagnostics.throw_if_any();

  process::Runner& runner = process::system_runner();
  oci::Store store(context.cache_directory() / "store");
  const pkg::BuildEnvironment environment{.runner = runner,
                                          .store = store,
                                          .arches = defaults.table,
                                          .scratch = context.cache_directory() / "buildah",
                                          .debian_mirror = {}};
  tell_skipped(plan, pkg::plan_units(plan, request, environment), request);
  const auto progress = [&](const pkg::UnitResult& unit) {
    if (!flags.json) print_unit(unit);
  };
  const auto units = pkg::build_all(plan, request, environment, progress, context.stop);
  if (flags.json) print_json(units);
  return exit_code_of(units);
}

}  // namespace

void add_pkg_build(CLI::App& pkg, const std::shared_ptr<PkgFlags>& common, Context& context) {
  const auto flags = std::make_shared<BuildFlags>();
  CLI::App* build_command =
      pkg.add_subcommand("build", "build packages and what they need into the content store");
  build_command->add_option("DIR", common->directories, "directories of packages")->required();
  build_command->add_option("--platforms", flags->platforms,
                            "only these: linux/ARCH[,linux/ARCH...]");
  build_command->add_option("--skip-platforms", flags->skip_platforms,
                            "not these: linux/ARCH[,linux/ARCH...]");
  build_command->add_flag("--force", flags->force, "build also what the store has");
  build_command->add_flag("--json", flags->json, "print the results as JSON when all is done");
  build_command->add_option("-j,--jobs", flags->jobs,
                            "builds at once; default: the number of processors");
  build_command->callback([common, flags, &context] {
    context.action = [common, flags, &context] { return build(*common, *flags, context); };
  });
}

}  // namespace rtfx::commands
