// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"

namespace rtfx::oci {

inline constexpr std::string_view media_type_index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view media_type_manifest =
    "application/vnd.oci.image.manifest.v1+json";

/// OCI image-spec, "Image Index": platform of a child manifest.
struct Platform {
  std::string os = "linux";
  std::string architecture;
  std::string variant;  ///< empty when there is none
  auto operator<=>(const Platform&) const = default;
};

/// OCI image-spec, "Content Descriptors".
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  std::optional<Platform> platform;
  std::map<std::string, std::string> annotations;
};

/// OCI image-spec, "Image Manifest".
struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;
};

/// OCI image-spec, "Image Index".
struct Index {
  std::vector<Descriptor> manifests;
  std::map<std::string, std::string> annotations;
};

/// What rtfx needs of an image's configuration (OCI image-spec, "Image Configuration").
struct ImageConfig {
  std::string architecture;
  std::string os;
  std::vector<std::string> entrypoint, cmd, env;
  std::string working_dir, user;
  std::map<std::string, std::string> labels;
};

/// Parsers throw Error when the bytes are not what the spec asks for. Docker's schema 2 media types
/// are read as well.
Manifest parse_manifest(std::string_view json);
Index parse_index(std::string_view json);
ImageConfig parse_image_config(std::string_view json);
/// The canonical bytes that rtfx writes for an index: fixed key order, children sorted by platform,
/// no spaces.
std::string format_index(const Index& index);

}  // namespace rtfx::oci
