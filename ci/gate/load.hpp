// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/image/image.hpp"
#include "harness/pkg/build.hpp"
#include "runner/project.hpp"
#include "runner/tree.hpp"

namespace rtfx::gate {

/// An image YAML of the project.
struct Example {
  std::filesystem::path file;
  std::string name;  ///< the file's name without ".yml"
  std::shared_ptr<const image::ImageSpec> spec;
};

/// Every input file of a release, read and checked.
struct Input {
  runner::Project project;
  std::vector<pkg::PlannedPackage> packages;  ///< needed ones first; kernels are among them
  std::vector<Example> examples;
  std::unique_ptr<runner::Group> cases;
};

/// Reads packages, kernels, image YAMLs and cases of the project. Kernels with labels belong to it only when `labels` (as
/// -l gives them) has one of these. Throws all problems at once (ExitCode::usage).
Input load(runner::Project project, const std::string& labels);

}  // namespace rtfx::gate
