// SPDX-License-Identifier: Apache-2.0
//
// Builds in a docker daemon: with the BuildKit that is part of it, through the docker client and one of its contexts.
// The daemon may be on another host and of another arch.
#pragma once

#include <filesystem>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "harness/pkg/builder.hpp"
#include "harness/process/process.hpp"

namespace rtfx::pkg {

/// The names of the docker contexts that the client knows, "default" among them. Empty when no docker client is
/// installed. Throws Error (ExitCode::host) when the client fails.
std::vector<std::string> docker_contexts(process::Runner& runner);

/// BuildKit in the daemon of one docker context. Contexts go to it as a directory, the images that a build starts
/// from are loaded into it first, and the result comes back as an archive; it keeps no name of ours afterwards.
class DockerBuilder final : public Builder {
 public:
  /// Asks the daemon who it is. Throws Error (ExitCode::host) naming the context when it cannot be reached, or when
  /// the client is missing.
  /// `scratch` is for temporary files, made when it is missing.
  DockerBuilder(std::string context, process::Runner& runner, const ArchTable& arches,
                std::filesystem::path scratch, std::stop_token stop = {});

  std::string name() const override;
  std::string arch() const override { return arch_; }
  oci::Descriptor build(const BuildJob& job, oci::Store& store, const Steps& steps) override;

 private:
  void load(const BaseImage& image, const oci::Store& store, const Steps& steps);

  std::string context_;
  process::Runner& runner_;
  std::filesystem::path scratch_;
  std::string arch_;
  std::mutex mutex_;  ///< one load at a time
};

/// Loads an image of the store into the daemon of a docker context under `name` ("org/image:tag"). Throws Error with
/// the client's last lines.
void load_into_docker(const std::string& context, const oci::Store& store,
                      const oci::Descriptor& manifest, const std::string& name, const Steps& steps);

}  // namespace rtfx::pkg
