// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/packages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "harness/pkg/build_all.hpp"
#include "runner/commands/pkg_report.hpp"

namespace rtfx::commands {
namespace {

std::vector<std::string> names_of(const std::vector<Arch>& arches) {
  std::vector<std::string> names;
  for (const Arch& arch : arches) names.push_back(arch.name);
  return names;
}

void tell(const pkg::UnitResult& unit) {
  if (unit.ending == pkg::UnitEnding::cached) return;
  const double seconds = std::chrono::duration<double>(unit.elapsed).count();
  fmt::print(stderr, "package  {:<8} {} {} in {:.1f} s\n", unit.arch, unit.ref,
             pkg::to_string(unit.ending), seconds);
  print_warnings(unit);
}

std::string explain(const pkg::UnitResult& failed) {
  return failed.log.empty() ? failed.error
                            : failed.error + "\nthe whole log is " + failed.log.string();
}

/// Those of `arches` for which a unit failed or was blocked by one that did, with the first in one line.
std::map<std::string, std::string> arches_without(const std::vector<pkg::UnitResult>& units,
                                                  const std::vector<std::string>& arches) {
  std::map<std::string, std::string> unprepared;
  for (const pkg::UnitResult& unit : units) {
    if (!unit.ok() && std::find(arches.begin(), arches.end(), unit.arch) != arches.end())
      unprepared.emplace(unit.arch, unit.ref + " could not be built for " + unit.arch);
  }
  return unprepared;
}

}  // namespace

std::map<std::string, std::string> build_missing_packages(const Context& context,
                                                          const runner::Project& project,
                                                          const std::vector<Arch>& arches) {
  Diagnostics diagnostics;
  const auto plan =
      pkg::plan_packages(project.packages, {}, project.package_settings(), diagnostics);
  diagnostics.throw_if_any();

  oci::Store store(context.cache_directory() / "store");
  pkg::BuildRequest request;
  request.arches = names_of(arches);
  request.log_directory = context.cache_directory() / "logs";
  const pkg::BuildEnvironment environment{process::system_runner(), store, project.table,
                                          context.cache_directory() / "buildah"};
  const std::vector<pkg::UnitResult> units = pkg::plan_units(plan, request, environment);
  const auto present = [&](const pkg::UnitResult& unit) {
    return store.resolve(pkg::arch_ref(unit.ref, unit.arch)).has_value();
  };
  if (std::all_of(units.begin(), units.end(), present)) return {};

  const std::vector<pkg::UnitResult> results =
      pkg::build_all(plan, request, environment, tell, context.stop);
  std::string why;
  for (const pkg::UnitResult& unit : results) {
    if (unit.ending == pkg::UnitEnding::cancelled)
      throw Error("interrupted while building packages", ExitCode::interrupted);
    if (unit.ending == pkg::UnitEnding::failed) why += (why.empty() ? "" : "\n") + explain(unit);
  }
  if (why.empty()) return {};
  why += "\n(rtfx run --no-build leaves the packages alone)";
  const std::map<std::string, std::string> unprepared = arches_without(results, request.arches);
  if (unprepared.size() == request.arches.size()) throw Error(why);
  std::vector<std::string> names;
  for (const auto& [arch, reason] : unprepared) names.push_back(arch);
  fmt::print(stderr, "rtfx: {}\nrtfx: no case can run for {}; those for other architectures do\n",
             why, text::join(names, ", "));
  return unprepared;
}

}  // namespace rtfx::commands
