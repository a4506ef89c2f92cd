// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/oci/store.hpp"
#include "harness/pkg/tool.hpp"
#include "harness/process/process.hpp"

namespace rtfx::pkg {

/// The docker client, speaking to the daemon of one context. Nothing is run by making one.
class DockerClient {
 public:
  /// Throws Error (ExitCode::host) when no docker client is installed.
  DockerClient(std::string context, process::Runner& runner);

  const std::string& context() const { return context_; }
  const std::filesystem::path& program() const { return program_; }
  /// "docker context NAME", for messages.
  std::string name() const { return "docker context " + context_; }

  /// `docker --context CONTEXT ARGUMENTS...`, with BuildKit.
  process::Command command(const std::vector<std::string>& arguments) const;
  /// Runs that with a short time limit.
  process::Captured ask(const std::vector<std::string>& arguments, std::stop_token stop = {}) const;

  /// What `docker version` tells.
  struct Versions {
    std::string client, server_os, server_arch;  ///< the arch as Go calls it
  };
  /// Throws Error (ExitCode::host) naming the context when the daemon cannot be reached.
  Versions versions(std::stop_token stop = {}) const;
  /// Why the daemon cannot be reached; nullopt when it can.
  std::optional<std::string> unreachable(std::stop_token stop = {}) const;

 private:
  /// Either the versions or a reason.
  std::variant<Versions, std::string> try_versions(std::stop_token stop) const;

  std::string context_;
  process::Runner& runner_;
  std::filesystem::path program_;
};

/// The names of the docker contexts that the client knows, "default" among them. Empty when no docker client is
/// installed. Throws Error (ExitCode::host) when the client fails.
std::vector<std::string> docker_contexts(process::Runner& runner);

/// Loads an image of the store into the daemon of a docker context under `name` ("org/image:tag"). Throws Error with
/// the client's last lines.
void load_into_docker(const std::string& context, const oci::Store& store,
                      const oci::Descriptor& manifest, const std::string& name, const Steps& steps);

}  // namespace rtfx::pkg
