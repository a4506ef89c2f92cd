// SPDX-License-Identifier: Apache-2.0
//
// Volumes with `format: oci`: what a container finds in them is the image itself, as an OCI layout
// (OCI image-spec, "Image Layout").
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/image/spec.hpp"
#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::image {

/// The image of a volume in the content store.
struct OciVolume {
  std::string full_ref;
  oci::Descriptor root;                    ///< the index, or the image that has none
  std::vector<oci::Descriptor> manifests;  ///< of the volume's platforms
  bool from_input_tar = false;
};

/// The bytes of a manifest, an index or a configuration.
using ReadBlob = std::function<std::string(const oci::Descriptor&)>;

/// The same for a root that is known. `where` has it, for messages.
OciVolume make_oci_volume(const Volume& volume, const oci::Descriptor& root, const ReadBlob& read,
                          const std::string& where);

/// Throws Error when the image is not there, or not for one of the volume's platforms.
OciVolume find_oci_volume(const oci::Store& store, const Volume& volume);

/// The layout: all that the manifests refer to, and the index with the digest that it was published
/// with, also when only some of its platforms are taken. The blobs are verified and in the spool.
Tree read_oci_volume(const oci::Store& store, const OciVolume& volume, Spool& spool,
                     std::stop_token stop);

}  // namespace rtfx::image
