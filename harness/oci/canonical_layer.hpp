// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>

#include "base/digest.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::oci {

/// A layer in the form that canonicalize() gives it.
struct CanonicalLayer {
  Descriptor blob;  ///< in the store `to`
  Digest diff_id;   ///< of the uncompressed tar (OCI image-spec, "Layer DiffID")
};

/// Rewrites a layer (tar; plain, gzip or zstd) as canonicalize() says. Throws Error for damaged archives and for
/// members that could leave the tree.
CanonicalLayer canonicalize_layer(const Store& from, const Descriptor& layer, Store& to,
                                  std::int64_t timestamp, std::stop_token stop);

}  // namespace rtfx::oci
