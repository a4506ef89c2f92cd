// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/oci/descriptor.hpp"

namespace rtfx::oci {

/// Whether the entry of an index is not an image but what BuildKit tells about one: annotation
/// vnd.docker.reference.type=attestation-manifest, platform unknown/unknown (BuildKit, "Image Attestation Storage").
bool is_attestation(const Descriptor& descriptor);

/// Whether two entries of an index are for the same platform. A variant that is the architecture's usual one
/// (linux/arm64/v8) is the same as none.
bool same_platform(const Platform& a, const Platform& b);

/// The index with our images in place of those of their platforms; all others stay, and so do the annotations. An
/// attestation follows its image: those that ours bring are beside them, and those of images that are no longer there
/// are dropped. An image of ours without a platform replaces only the entry with its digest. Of two images of ours for
/// one platform the later one counts.
Index merged(Index base, const std::vector<Descriptor>& ours);

}  // namespace rtfx::oci
