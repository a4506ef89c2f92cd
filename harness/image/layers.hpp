// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::image {

/// The file system of an image: its layers one over the other (OCI image-spec, "Applying
/// Changesets"), with whiteouts and opaque whiteouts. Layers are streamed from the store, which
/// verifies them. Throws Error that names the layer.
Tree flatten(const oci::Store& store, const oci::Descriptor& manifest, Spool& spool,
             std::stop_token stop);

}  // namespace rtfx::image
