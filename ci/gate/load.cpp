// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/load.hpp"

#include <algorithm>

#include "harness/kernel/plan.hpp"
#include "runner/labels.hpp"

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

/// The images of the series that the labels ask for.
void add_kernels(const runner::Project& project, const std::string& labels,
                 std::vector<pkg::PlannedPackage>& packages, Diagnostics& diagnostics) {
  runner::Labels given;
  given.add(labels);
  const pkg::PackageSettings settings = project.package_settings();
  for (const std::filesystem::path& directory : project.kernels) {
    const std::size_t problems = diagnostics.messages().size();
    const auto series = std::make_shared<const kernel::Series>(
        kernel::load_series(directory, settings.org, settings.arches, diagnostics));
    const bool wanted =
        series->labels.empty() ||
        std::any_of(series->labels.begin(), series->labels.end(),
                    [&](const std::string& label) { return given.wanted.contains(label); });
    if (!wanted || diagnostics.messages().size() != problems) continue;
    for (pkg::PlannedPackage& planned : kernel::plan_series(series, {}, settings, diagnostics))
      packages.push_back(std::move(planned));
  }
}

}  // namespace

Input load(runner::Project project, const std::string& labels) {
  Diagnostics diagnostics;
  require_gate(project, diagnostics);
  Input input;
  input.packages =
      pkg::plan_packages(project.packages, {}, project.package_settings(), diagnostics);
  add_kernels(project, labels, input.packages, diagnostics);

  kernel::ImageNames names(project.package_settings());
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
