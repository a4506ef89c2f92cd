// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "harness/oci/store.hpp"
#include "harness/pkg/builders.hpp"
#include "harness/pkg/emulation.hpp"
#include "harness/pkg/plan.hpp"
#include "harness/process/process.hpp"

namespace rtfx::pkg {

/// Images that the store does not have. All are asked with a reference ("linuxkit/redis:TAG", "alpine:3.19") and a
/// GOARCH name, and say nullopt only when the registry says that there is no such image; everything else is an Error.
struct Remote {
  using Ask = std::function<std::optional<oci::Descriptor>(const std::string& ref,
                                                           const std::string& arch)>;
  Ask find = {};  ///< a package's manifest, without its layers; empty: packages are in no registry
  Ask pull = {};  ///< a package, into the store; likewise
  Ask base = {};  ///< any image, into the store; for every arch that it has when the arch is ""
};

/// Where builds happen and what they may use.
struct BuildEnvironment {
  process::Runner& runner;
  oci::Store& store;
  const ArchTable& arches;
  std::filesystem::path scratch;  ///< buildah's storage and temporary files, e.g. <cache>/buildah
  /// Address of the Debian archive; "": debian_mirror() is asked when a build wants it.
  std::string debian_mirror = {};
  /// Time limit of one build; nullopt: 20 minutes, and what makers of images (image_maker.hpp) find right for theirs.
  std::optional<std::chrono::milliseconds> timeout = {};
  Builders* builders = nullptr;       ///< null: buildah on this host builds every arch
  std::optional<Remote> remote = {};  ///< nullopt: no registry is asked for anything
  unsigned processes =
      0;  ///< of one build that starts many, such as make; 0: as many as there are processors
};

/// GOARCH name of the machine that builds images for `arch`. Asks a docker daemon if that is the builder.
std::string builder_arch(const BuildEnvironment& environment, const std::string& arch);
/// The arguments that FROM lines may use when a package is built.
Arguments dockerfile_arguments(const PlannedPackage& package, const std::string& arch,
                               const std::string& builder_arch);
/// "linux/arm64/v8" -> "arm64". Throws Error (ExitCode::usage) for another system than Linux.
std::string arch_of_platform(const std::string& platform);

struct BuildOptions {
  bool force = false;  ///< build although the store or the registry has it
  bool pull = false;   ///< take into the store what only the registry has
  bool check_reproducible =
      false;  ///< build twice; other bytes are an Error that explains the first difference
  bool dry_run = false;               ///< build nothing
  std::vector<std::string> ssh = {};  ///< forwarded to the build, as docker build --ssh has them
};

/// Where an image comes from.
enum class Origin {
  store,     ///< it was there
  registry,  ///< the registry has it, and it stays there
  pulled,    ///< taken from the registry
  built,
  would_build,  ///< dry_run
};

/// Result of getting one package for one arch.
struct Built {
  /// In the store unless the origin is `registry`; nullopt for `would_build`.
  std::optional<oci::Descriptor> manifest = {};
  Origin origin = Origin::built;
  BuildKind kind = BuildKind::native;
  std::string builder = {};  ///< Builder::name(), when it was built
  std::chrono::nanoseconds elapsed{0};
  std::vector<std::string> warnings = {};  ///< what users should know of the build, one line each
};

/// Finds, pulls or builds a package for one arch; the result is in the store under arch_ref. `log` gets the builder's
/// output. Throws Error that says which package and arch, with the last lines of the builder's output. Packages that
/// the Dockerfile names must have been built before. Thread-safe: several may run at once.
Built build_package(const PlannedPackage& package, const Arch& arch,
                    const BuildEnvironment& environment, const BuildOptions& options,
                    const std::function<void(std::string_view)>& log, std::stop_token stop);

/// The archive's address: $RTFX_DEBIAN_MIRROR, else the first Debian archive of the host's apt
/// configuration. Throws Error (ExitCode::host) when there is neither.
std::string debian_mirror(process::Runner& runner);

}  // namespace rtfx::pkg
