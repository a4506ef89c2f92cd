// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>

#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::image {

/// The file system of an image: its layers one over the other (OCI image-spec, "Applying
/// Changesets"), with whiteouts and opaque whiteouts. Layers are streamed from the store, which
/// verifies them. When the spool's cache has a listing of the image, the layers are only read when
/// the first of its contents is. Throws Error that names the layer.
Tree flatten(const oci::Store& store, const oci::Descriptor& manifest, Spool& spool,
             std::stop_token stop);

/// The members of a tar that is a file of an image. Listed in the cache as well.
Tree read_members(const Extent& tar, Spool& spool);
/// Does that for a file of the tree, so that read_members() has it at once. No error here.
void read_members_ahead(const Tree& tree, const std::string& path, Spool& spool);

}  // namespace rtfx::image
