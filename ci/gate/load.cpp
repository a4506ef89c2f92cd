// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/load.hpp"

namespace rtfx::gate {
namespace {

/// What a project needs only when it is released.
void require_gate(const runner::Project& project, Diagnostics& diagnostics) {
  const Location file{project.root / "rtfx.yml", 0};
  if (project.gate.suites.empty())
    diagnostics.error(file,
                      "\"gate\" is missing; a release needs \"gate: {suites: [PATTERN]}\", the "
                      "cases that must pass");
  if (project.cases.empty())
    diagnostics.error(file,
                      "there is no folder \"cases\"; make it, or name another one with \"cases:\"");
  diagnostics.throw_if_any();
}

}  // namespace

Input load(runner::Project project) {
  Diagnostics diagnostics;
  require_gate(project, diagnostics);
  Input input;
  input.packages =
      pkg::plan_packages(project.packages, {}, project.package_settings(), diagnostics);

  pkg::PackageNames names(project.package_settings());
  const image::PackageResolver resolve = [&](const std::filesystem::path& base,
                                             const std::string& path) {
    return names.named(base / path).ref;
  };
  for (const std::filesystem::path& file : project.examples) {
    input.examples.push_back(
        {file, file.stem().string(), image::load_image({file}, resolve, diagnostics)});
  }
  input.cases = runner::load_tree(project.cases, diagnostics);
  diagnostics.throw_if_any();
  input.project = std::move(project);
  return input;
}

}  // namespace rtfx::gate
