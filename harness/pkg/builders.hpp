// SPDX-License-Identifier: Apache-2.0
//
// Where each arch is built. As linuxkit has it: what the command line says, then what the environment says, then a
// docker context with the right name, then the default; see docs/builders.md.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "base/error.hpp"
#include "harness/pkg/builder.hpp"
#include "harness/process/process.hpp"

namespace rtfx::pkg {

/// The user's choice of builders: the name of one for some arches.
struct BuilderChoice {
  /// "buildah", or the name of a docker context, and who said so ("--builders").
  struct Entry {
    std::string builder;
    std::string source;
  };
  std::map<std::string, Entry> by_arch;  ///< by GOARCH name

  /// Reads "linux/arm64=ctx,linux/amd64=buildah". `source` is where it stands, for messages. Throws Error
  /// (ExitCode::usage) for bad syntax, an arch without a row and a platform that is there twice.
  static BuilderChoice parse(const std::string& list, const std::string& source,
                             const ArchTable& arches);
  /// `flag` (--builders; "" when it was not given) before $RTFX_BUILDERS before $LINUXKIT_BUILDERS, platform by
  /// platform.
  static BuilderChoice from(const std::string& flag, const ArchTable& arches);
};

/// One builder for each arch. Builders are made when they are first asked for; arches that have the same one share
/// the object. Thread-safe.
class Builders {
 public:
  /// Makes the builder that is used when nothing else is chosen: buildah on this host.
  using MakeDefault = std::function<std::unique_ptr<Builder>()>;

  /// `arches` and `runner` must outlive this. `scratch` is for temporary files, made when it is missing. Nothing is run
  /// or asked yet.
  Builders(BuilderChoice choice, process::Runner& runner, const ArchTable& arches,
           std::filesystem::path scratch, MakeDefault make_default);

  /// The builder for images of the arch (GOARCH name). Throws Error with ExitCode::usage when a chosen context does
  /// not exist (the message lists those that do), with ExitCode::host when its daemon cannot be reached or there is
  /// no docker client.
  Builder& for_arch(const std::string& arch, std::stop_token stop = {});
  /// The name of the docker context that builds the arch; nullopt: the default builder does.
  std::optional<std::string> context_for(const std::string& arch);

 private:
  /// The existing docker contexts; empty without a docker client.
  const std::vector<std::string>& contexts();
  std::optional<std::string> find_context(const std::string& arch);

  BuilderChoice choice_;
  process::Runner& runner_;
  const ArchTable& arches_;
  std::filesystem::path scratch_;
  MakeDefault make_default_;
  std::mutex mutex_;
  std::optional<std::vector<std::string>> contexts_;
  std::map<std::string, std::unique_ptr<Builder>> builders_;  ///< by context; "": the default
  std::map<std::string, Error> failures_;  ///< contexts that could not be used, which is asked once
};

}  // namespace rtfx::pkg
