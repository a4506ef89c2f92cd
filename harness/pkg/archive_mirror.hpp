// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "base/error.hpp"
#include "base/yaml.hpp"
#include "harness/pkg/tool.hpp"

namespace rtfx::pkg {

/// depends.mirror of build.yml: packages of the distribution's archive, with all that they depend on, as a small archive
/// of its own in the build context. An image that carries it lets others be built from it without network.
struct MirrorDependency {
  std::vector<std::string> suites;  ///< of one release; see ArchiveSuites
  std::vector<std::string> components{"main"};
  /// Names, or "NAME | NAME ...": the first that the archive has for the arch. "${arch}" is Debian's name of the arch.
  std::vector<std::string> packages = {};
  /// Taken for present: neither they nor what only they need is in the mirror.
  std::vector<std::string> without = {};
  std::string target = {};  ///< name of the directory in the build context
};

/// The words of "A | B | ...", without blanks around them; empty ones are kept, for checks to find.
std::vector<std::string> alternatives_of(const std::string& item);

/// Reads the map depends.mirror; keys that it does not have are as in `defaults`. Problems go to `diagnostics`.
MirrorDependency read_mirror(const yaml::Node& node, MirrorDependency defaults,
                             Diagnostics& diagnostics);

/// Makes the mirror for an arch as the directory `target`, from the archive at `uri` by way of the downloads in `cache`.
void make_mirror(const MirrorDependency& mirror, const Arch& arch, const std::string& uri,
                 const std::filesystem::path& cache, std::int64_t timestamp,
                 const std::filesystem::path& target, const Steps& steps);

}  // namespace rtfx::pkg
