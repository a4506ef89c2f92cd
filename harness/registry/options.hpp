// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rtfx::registry {

/// What the command line says about registries.
struct RegistryOptions {
  /// linuxkit's --mirror: "[REGISTRY=]http(s)://HOST[:PORT][/PATH]". Pulls from the registry (without one: from every
  /// registry) ask there instead; pushes do so only for a registry that is named and mirrored by its own host.
  std::vector<std::string> mirrors{};
  std::vector<std::filesystem::path> cert_files{};  ///< PEM; trusted beside the system's
  /// "REGISTRY=USER:PASSWORD" or "REGISTRY=TOKEN"; win over docker's configuration.
  std::vector<std::string> credentials{};
  /// Empty: $DOCKER_CONFIG/config.json, else ~/.docker/config.json. It may be missing.
  std::filesystem::path docker_config{};
};

}  // namespace rtfx::registry
