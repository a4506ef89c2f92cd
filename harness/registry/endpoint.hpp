// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "harness/oci/reference.hpp"
#include "harness/registry/options.hpp"

namespace rtfx::registry {

/// Where a registry is really asked.
struct Endpoint {
  std::string
      url;  ///< "https://registry-1.docker.io", "http://mirror.example.org/hub"; no slash at the end
  std::string path{};    ///< of the mirror, in front of repositories: "hub/", or ""
  std::string registry;  ///< whose credentials are used: "docker.io", "mirror.example.org"
  std::string
      name;  ///< for messages: "docker.io", "docker.io (mirror http://mirror.example.org/hub)"

  /// "https://registry-1.docker.io/v2/library/redis/manifests/7".
  std::string address(const oci::Reference& reference, const std::string& rest) const;
  /// The repository there, for token scopes: "hub/library/redis".
  std::string repository(const oci::Reference& reference) const;
};

/// Knows the mirrors, and which registries are asked over plain http: those of this machine, as linuxkit does it.
class Endpoints {
 public:
  /// Throws Error (ExitCode::usage) when a mirror is not [REGISTRY=]http(s)://HOST[:PORT][/PATH].
  explicit Endpoints(const RegistryOptions& options);

  Endpoint to_read(const std::string& registry) const;
  Endpoint to_write(const std::string& registry) const;

 private:
  std::map<std::string, std::string> mirrors_;  // by registry; "" is for all others
};

}  // namespace rtfx::registry
