// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "base/error.hpp"
#include "harness/pkg/plan.hpp"

namespace rtfx::runner {

/// What rtfx.yml says of an arch of the project.
struct ProjectArch {
  std::string name;
  bool first_class = true;  ///< false: a candidate, which never blocks and never ships
  std::optional<std::filesystem::path> documentation;  ///< how to use it (graduation)
  std::optional<std::filesystem::path> ci;  ///< the pipeline that builds and tests it (graduation)
  std::string maintainer;                   ///< who keeps it (graduation)
};

/// What the gate asks for.
struct GateRules {
  std::vector<std::string>
      suites;  ///< patterns; every case of them must pass on every first-class arch
  std::vector<std::string>
      optional_labels;  ///< cases that need one of these labels are required only when it is given with -l
  /// How many passes of an arch may have needed another attempt: "block" is 0; absent ("allow"): any number.
  std::optional<int> flaky;
};

/// rtfx.yml: the project. Strict.
struct Project {
  std::filesystem::path root;  ///< directory of rtfx.yml, absolute
  std::string org = "linuxkit";
  /// Where releases go unless --to says: "oci:DIR" or "HOST:PORT/PREFIX"; may be empty.
  std::string registry;
  std::vector<ProjectArch> arches;
  std::vector<std::filesystem::path>
      packages;  ///< package directories (globs expanded, sorted), kernels that are packages among them
  std::vector<std::filesystem::path> kernels;   ///< folders with kernel.yml
  std::vector<std::filesystem::path> examples;  ///< image YAMLs
  std::filesystem::path cases;                  ///< empty when there are none
  GateRules gate;                          ///< without suites in a project that is not released
  ArchTable table = ArchTable::builtin();  ///< with the project's own rows

  pkg::TagMode tags = pkg::TagMode::linuxkit;  ///< `tags:`

  std::vector<Arch> arch_rows(bool first_class) const;
  std::vector<Arch> all_arch_rows() const;
  /// What holds for all packages.
  pkg::PackageSettings package_settings() const;
};

/// The rtfx.yml of `start` or the nearest parent that has one.
std::optional<std::filesystem::path> find_project_file(const std::filesystem::path& start);
Project load_project(const std::filesystem::path& rtfx_yml, Diagnostics& diagnostics);

}  // namespace rtfx::runner
