// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"

namespace rtfx::oci {

/// Docker's familiar names in full, as docker and linuxkit expand them: "redis" -> "docker.io/library/redis",
/// "linuxkit/x:y" -> "docker.io/linuxkit/x:y"; names with a registry's host, and longer ones, stay as they are.
std::string expand_reference(const std::string& ref);

/// The name of an image in a registry, in full (distribution/reference, "Grammar"; OCI distribution-spec, "Pulling
/// manifests").
struct Reference {
  std::string registry;    ///< "docker.io", "registry.example.org:5000", "[::1]:5000"
  std::string repository;  ///< "library/redis", "linuxkit/init"
  std::string tag;  ///< "latest" when the text had neither tag nor digest; "" with a digest alone
  std::optional<Digest> digest;  ///< wins over the tag

  /// "docker.io/library/redis".
  std::string name() const { return registry + "/" + repository; }
  /// With ":tag" and "@digest", as far as it has them.
  std::string str() const;
  /// As people write it: without docker.io's part that is understood ("redis:7", "linuxkit/init:v1").
  std::string familiar() const;
  /// The same repository at another tag, or at a digest.
  Reference with_tag(const std::string& other) const;
  Reference with_digest(const Digest& other) const;

  bool operator==(const Reference&) const = default;
};

/// Reads a name strictly: familiar names are expanded, no tag means "latest". Throws Error (ExitCode::usage) that says
/// what is wrong with a text that is no name.
Reference parse_reference(std::string_view text);

}  // namespace rtfx::oci
