// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/build_packages.hpp"

#include <fmt/format.h>

#include "harness/pkg/package.hpp"

namespace rtfx::commands {

Packages::Packages(const std::optional<runner::Project>& project)
    : names_(package_defaults(project).packages) {}

std::string Packages::resolve(const std::filesystem::path& base, const std::string& path) {
  const pkg::NamedPackage package = names_.named(base / path);
  directories_[package.ref] =
      package.package.directory.lexically_proximate(std::filesystem::current_path());
  return package.ref;
}

std::string Packages::how_to_build(const std::string& ref, const std::string& arch) const {
  const auto known = directories_.find(ref);
  if (known == directories_.end()) return "";
  if (kernel::is_series(known->second))
    return fmt::format("build it with: rtfx kernel build --arch {} {}", arch,
                       known->second.string());
  return fmt::format("build it with: rtfx pkg build --platforms linux/{} {}", arch,
                     known->second.string());
}

}  // namespace rtfx::commands
