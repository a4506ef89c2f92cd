// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/image/spec.hpp"
#include "harness/oci/descriptor.hpp"

namespace rtfx::image {

/// A container with everything merged: its YAML over the label of its image over the configuration
/// of its image.
struct ResolvedContainer {
  bool readonly = false;
  std::string config_json;  ///< config.json of the bundle (OCI runtime-spec 1.2.1)
  Runtime runtime;
};

/// Merges the three and writes config.json. Throws Error for what only shows now: names that the
/// label uses.
ResolvedContainer resolve_container(const Container& container, const oci::ImageConfig& image,
                                    const ImageSpec& spec);

/// runtime.json of the bundle: what the init does before it starts the container. `rootfs_mounts`
/// make its root file system and come first.
std::string format_runtime(const Runtime& runtime, const std::vector<Mount>& rootfs_mounts);

}  // namespace rtfx::image
