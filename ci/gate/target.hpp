// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "harness/oci/store.hpp"
#include "harness/process/process.hpp"

namespace rtfx::gate {

/// Where a release is published: an OCI image layout or a registry. What is staged is reachable by digest only; users
/// see it when a tag is set.
class Target {
 public:
  virtual ~Target() = default;

  /// For messages: "oci:/srv/release", "registry.example.org/linux".
  virtual std::string name() const = 0;

  /// The index that REPOSITORY:TAG names, or nullopt when there is no such tag or it names a single manifest.
  /// A target that cannot be asked is an Error, never "there is none".
  virtual std::optional<oci::Index> current_index(const std::string& repository,
                                                  const std::string& tag) = 0;

  /// Copies a manifest or index with all that it refers to from `store`, untagged.
  virtual void stage(const std::string& repository, const oci::Store& store,
                     const oci::Descriptor& descriptor) = 0;

  /// Copies a child that the target has already into `store`, so that a new index can refer to it.
  virtual void fetch(const std::string& repository, const oci::Descriptor& child,
                     oci::Store& store) = 0;

  /// Makes REPOSITORY:TAG name something staged; visible at the latest after commit().
  virtual void tag(const std::string& repository, const std::string& tag, const oci::Store& store,
                   const oci::Descriptor& descriptor) = 0;
  virtual void commit() = 0;

  /// What REPOSITORY:TAG names now, as the target says.
  virtual std::optional<Digest> read_back(const std::string& repository,
                                          const std::string& tag) = 0;
};

/// "oci:DIR" (relative to `base`), or "HOST[:PORT][/PREFIX]" of a registry, which is spoken to through skopeo (without
/// TLS on loopback, as docker does). Throws Error (ExitCode::usage) when it is neither. Nothing is written before the first stage().
std::unique_ptr<Target> open_target(const std::string& text, const std::filesystem::path& base,
                                    process::Runner& runner, std::stop_token stop);

}  // namespace rtfx::gate
