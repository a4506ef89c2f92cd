// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "harness/kernel/plan.hpp"
#include "runner/commands/pkg.hpp"

namespace rtfx::commands {

/// The packages that an image YAML names by "@pkg:PATH": their references, and where each is built
/// from.
class Packages {
 public:
  explicit Packages(const std::optional<runner::Project>& project);

  /// The reference of the package at `path`, relative to `base`. Throws Error.
  std::string resolve(const std::filesystem::path& base, const std::string& path);
  bool contains(const std::string& ref) const { return directories_.contains(ref); }
  /// "build it with: ..."; "" for an image that is no package of this project.
  std::string how_to_build(const std::string& ref, const std::string& arch) const;

 private:
  kernel::ImageNames names_;
  std::map<std::string, std::filesystem::path> directories_;
};

}  // namespace rtfx::commands
