// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/load.hpp"

namespace rtfx::gate {
Input load(runner::Project project) {
  Diagnostics diagnostics;
  Input input;
  input.packages =
      pkg::plan_packages(project.packages, {}, project.package_settings(), diagnostics);

  pkg::PackageNames names(project.package_settings());
  const image::PackageResolver resolve =
      [&](const std::filesystem::path& base, const std::string& path) {
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
