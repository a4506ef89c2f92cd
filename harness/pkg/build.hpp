// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "harness/oci/store.hpp"
#include "harness/pkg/package.hpp"
#include "harness/process/process.hpp"

namespace rtfx::pkg {

/// A package with everything resolved that its builds need.
struct PlannedPackage {
  Package package;
  std::string hash;  ///< package_hash
  std::string ref;   ///< org/image:tag
  /// Directories of the packages that @lkt: build arguments name, absolute.
  std::vector<std::filesystem::path> needs;
  /// "K=V" with @lkt: values replaced and built-ins (PKG_HASH, PKG_IMAGE, SOURCE, REVISION) added.
  std::vector<std::string> build_args;
  std::vector<std::string> needed_refs;  ///< org/image:tag of each of `needs`, in the same order
  std::map<std::string, std::string> labels;  ///< of the image
  bool requested = true;  ///< false: not among the given directories, only needed by one of them
  std::int64_t timestamp = 0;  ///< committer time of HEAD, seconds since the epoch; 0 outside git
};

/// Resolves tags and @lkt: arguments, adds packages that the given ones need, and sorts: needed
/// ones first. A cycle is a diagnostic that names it.
std::vector<PlannedPackage> plan_packages(const std::vector<std::filesystem::path>& directories,
                                          const TagOptions& options, const std::string& default_org,
                                          const std::vector<std::string>& default_arches,
                                          Diagnostics& diagnostics);

/// Name under which the store keeps one arch of a package: "org/image:tag-arch".
std::string arch_ref(const std::string& ref, const std::string& arch);

/// Where builds happen and what they may use.
struct BuildEnvironment {
  process::Runner& runner;
  oci::Store& store;
  const ArchTable& arches;
  std::filesystem::path scratch;  ///< buildah's storage and temporary files, e.g. <cache>/buildah
  /// Address of the Debian archive; "": debian_mirror() is asked when a build wants it.
  std::string debian_mirror;
  std::chrono::milliseconds timeout{std::chrono::minutes(20)};
};

/// Result of building one package for one arch.
struct Built {
  oci::Descriptor manifest;
  bool cached = false;  ///< it was in the store already
  std::chrono::nanoseconds elapsed{0};
};

/// Builds with buildah unless the store has it (or `force`); the result is in the store under
/// arch_ref. `log` gets the builder's output. Throws Error that says which package and arch, with
/// the last lines of the builder's output. Needed packages must have been built (for the build
/// host's arch) before. Thread-safe: several may run at once.
Built build_package(const PlannedPackage& package, const Arch& arch,
                    const BuildEnvironment& environment, bool force,
                    const std::function<void(std::string_view)>& log, std::stop_token stop);

/// The archive's address: $RTFX_DEBIAN_MIRROR, else the first Debian archive of the host's apt
/// configuration. Throws Error (ExitCode::host) when there is neither.
std::string debian_mirror(process::Runner& runner);

}  // namespace rtfx::pkg
