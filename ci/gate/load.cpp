// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/load.hpp"

namespace rtfx::gate {
namespace {

std::vector<std::string> arch_names(const runner::Project& project) {
  std::vector<std::string> names;
  for (const runner::ProjectArch& arch : project.arches) names.push_back(arch.name);
  return names;
}

}  // namespace

Input load(runner::Project project) {
  Diagnostics diagnostics;
  Input input;
  const pkg::TagOptions tags;
  const std::vector<std::string> arches = arch_names(project);
  input.packages = pkg::plan_packages(project.packages, tags, project.org, arches, diagnostics);

  const image::PackageResolver resolve = [&](const std::filesystem::path& base,
                                             const std::string& path) {
    Diagnostics problems;
    const pkg::Package package =
        pkg::load_package(base / path, tags, project.org, arches, problems);
    problems.throw_if_any();
    return pkg::package_ref(package, tags);
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
