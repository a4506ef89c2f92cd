// SPDX-License-Identifier: Apache-2.0
//
// One release under several names. Debian's archive has the index of a release once below its codename and once below
// its place in the order of releases (trixie, stable), and mirrors do not always change both, and the files that they
// name, at the same time.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/pkg/archive.hpp"

namespace rtfx::pkg {

/// Suites of one archive for one arch, the preferred one first.
struct ArchiveSuites {
  std::string uri;
  std::vector<std::string> suites;  ///< at least one
  std::vector<std::string> components;
  std::string arch;  ///< Debian's name
};

/// Packages, and where they came from.
struct Fetched {
  ArchiveSource source;
  std::vector<ArchivePackage> packages;
};

/// Archive::fetch from the first of the suites. When the archive does not have the files that its index names, from the
/// next, with a warning, provided that its signed file names the same release: what is wanted is an older state of the
/// release, never another release. Other failures are those of Archive. Throws Error with the reason of the first suite, and
/// of each that was tried after it.
Fetched fetch_packages(const std::filesystem::path& cache, const ArchiveSuites& from,
                       const ArchiveRequest& request, const Steps& steps);

}  // namespace rtfx::pkg
