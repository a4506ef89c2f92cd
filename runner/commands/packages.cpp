// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/packages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

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

}  // namespace

void build_missing_packages(const Context& context, const runner::Project& project,
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
  if (std::all_of(units.begin(), units.end(), present)) return;

  for (const pkg::UnitResult& unit :
       pkg::build_all(plan, request, environment, tell, context.stop)) {
    if (unit.ending == pkg::UnitEnding::cancelled)
      throw Error("interrupted while building packages", ExitCode::interrupted);
    if (unit.ending == pkg::UnitEnding::failed) {
      throw Error(unit.error + "\nthe whole log is " + unit.log.string() +
                  "\n(rtfx run --no-build leaves the packages alone)");
    }
  }
}

}  // namespace rtfx::commands
