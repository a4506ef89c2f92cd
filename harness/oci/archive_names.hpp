// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/oci/archive.hpp"

namespace rtfx::oci {

/// An image of an archive or a layout, whose blobs are in the store, with the names that it has there.
struct FoundImage {
  Descriptor descriptor;
  std::vector<std::string> names;
};

/// "docker.io/linuxkit/x:y" -> "linuxkit/x:y": how the store calls what others call in full.
std::string short_name(const std::string& name);

/// The names of an entry of an index.json by its annotations.
std::vector<std::string> names_by_annotation(const Descriptor& entry);

/// The descriptor with the media type that its bytes have, and its platform if it is an image. linuxkit's archives call
/// images indexes. Throws Error when the bytes are neither an image nor an index.
Descriptor corrected(const Store& store, Descriptor descriptor);

/// Gives the images their names, or all of them `name` if it is not empty, in one step. Throws Error, and names
/// nothing, when an image has no name, when one name would be for several images, and when a blob is missing.
std::vector<ImportedImage> give_names(Store& store, std::vector<FoundImage> images,
                                      const std::string& name);

}  // namespace rtfx::oci
