// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/oci/store.hpp"

namespace rtfx::oci {

/// What a name of the store stands for.
struct ImageContents {
  std::vector<Platform> platforms;  ///< sorted; without attestations
  std::uint64_t size = 0;           ///< of all blobs, each counted once
  std::string
      damage;  ///< what is wrong with the first blob that is not there as it should be; or ""
};

/// Blobs that are not JSON are looked at for existence and size only. Throws no Error for damaged images.
ImageContents contents_of(const Store& store, const Descriptor& descriptor);

}  // namespace rtfx::oci
