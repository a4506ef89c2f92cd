// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/pkg/build.hpp"

namespace rtfx::pkg {

/// How a unit (one package for one arch) ended.
enum class UnitEnding {
  built,        ///< the builder ran and the store has the result
  cached,       ///< the store had it already
  pulled,       ///< the registry had it, and the store has it now
  in_registry,  ///< the registry has it; the store does not
  would_build,  ///< nothing was done: a dry run
  failed,       ///< `error` says why, `log` has everything
  blocked,      ///< not tried: something that it needs failed; `error` names it
  cancelled,    ///< stop was requested before it ended
};

/// "built", "cached", ...
std::string to_string(UnitEnding ending);

/// The result of one unit.
struct UnitResult {
  std::size_t package = 0;              ///< index into the plan
  std::string ref;                      ///< org/image:tag
  std::string arch;                     ///< GOARCH name
  bool requested = true;                ///< false: only the builds of others need it
  std::vector<std::size_t> needs = {};  ///< units that must be there before this one, by index
  UnitEnding ending = UnitEnding::cancelled;
  std::optional<oci::Descriptor> manifest;  ///< with its platform, when it is ok() and no dry run
  BuildKind kind = BuildKind::native;       ///< of what was built, or would be
  std::string builder = {};                 ///< its name, likewise
  std::string error;             ///< several lines: the reason and the last lines of the builder
  ExitCode code = ExitCode::ok;  ///< of the error: ExitCode::host when the host lacks something
  std::vector<std::string> warnings = {};  ///< what users should know of it, one line each
  std::filesystem::path log;     ///< the whole output of the builder; empty when nothing was run
  std::chrono::nanoseconds elapsed{0};

  bool ok() const {
    return ending != UnitEnding::failed && ending != UnitEnding::blocked &&
           ending != UnitEnding::cancelled;
  }
};

/// What build_all shall build.
struct BuildRequest {
  /// Arches by GOARCH name; a package is built for those of them that its build.yml names. Empty:
  /// all that it names.
  std::vector<std::string> arches = {};
  std::vector<std::string> skip_arches = {};
  BuildOptions options = {};  ///< of requested units; what only others need is never forced
  unsigned jobs = 0;          ///< units at once; 0: as many as there are processors
  /// Gets one ORG_IMAGE-ARCH.log per built unit; made when it is missing. Empty: no logs.
  std::filesystem::path log_directory = {};
  /// Told when a unit that is neither here nor in the registry begins to be built. As for what builders print, which
  /// `output` gets as it comes: called by several threads, one at a time.
  std::function<void(const UnitResult&)> started = {};
  std::function<void(const UnitResult&, std::string_view)> output = {};
};

/// The units of a plan in the order of build: those that others need come first. Packages whose
/// arches do not meet the request have none; packages that are only needed have one for each platform that a Dockerfile
/// names them for. Throws Error for an arch without a row (ExitCode::nothing_to_run), for a needed package that is not
/// for the arch that it is needed for, and for units that need each other (ExitCode::usage).
std::vector<UnitResult> plan_units(const std::vector<PlannedPackage>& plan,
                                   const BuildRequest& request,
                                   const BuildEnvironment& environment);

/// Builds all units, several at once, needed ones first. A unit that fails blocks only those that
/// need it. After each success the store's index `ref` names the new manifest beside those of the
/// arches that it had. `progress` is called once per unit as it ends, never by two threads at once.
/// Throws only what plan_units does: how the units went is said by the results, which are in its
/// order.
std::vector<UnitResult> build_all(const std::vector<PlannedPackage>& plan,
                                  const BuildRequest& request, const BuildEnvironment& environment,
                                  const std::function<void(const UnitResult&)>& progress,
                                  std::stop_token stop);

}  // namespace rtfx::pkg
