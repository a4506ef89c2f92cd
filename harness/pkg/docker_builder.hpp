// SPDX-License-Identifier: Apache-2.0
//
// Builds in a docker daemon: with the BuildKit that is part of it, through the docker client and one of its contexts.
// The daemon may be on another host and of another arch.
#pragma once

#include <filesystem>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/arch.hpp"
#include "harness/pkg/builder.hpp"
#include "harness/pkg/docker_client.hpp"
#include "harness/process/process.hpp"

namespace rtfx::pkg {

/// BuildKit in the daemon of one docker context. The build context goes to it as a directory, the images that a build
/// starts from are loaded into it first (and stay), and the result comes back as an archive; it keeps no name of the
/// result.
class DockerBuilder final : public Builder {
 public:
  /// Asks the daemon who it is. `scratch` is for temporary files, made when it is missing. Throws Error
  /// (ExitCode::host) naming the context when the daemon cannot be reached, and when the client is missing or cannot
  /// build.
  DockerBuilder(const std::string& context, process::Runner& runner, const ArchTable& arches,
                std::filesystem::path scratch, std::stop_token stop = {});

  std::string name() const override { return client_.name(); }
  std::string arch() const override { return arch_; }
  oci::Descriptor build(const BuildJob& job, oci::Store& store, const Steps& steps) override;

 private:
  void load(const BaseImage& image, const oci::Store& store, const Steps& steps);
  void run_build(const BuildJob& job, const std::string& dockerfile, const std::string& tag,
                 const Steps& steps) const;
  /// Takes the image that the daemon has under `tag` into the store, in canonical form.
  oci::Descriptor fetch(const BuildJob& job, const std::string& tag, oci::Store& store,
                        const Steps& steps) const;

  DockerClient client_;
  std::filesystem::path scratch_;
  std::string arch_;
  std::mutex loading_;
};

}  // namespace rtfx::pkg
