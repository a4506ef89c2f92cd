// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"

namespace rtfx::image {

/// Writes the tree as a tar in the PAX format (POSIX.1-2008, pax, "pax Interchange Format"), as
/// linuxkit does: directories without a slash at the end, no entry for the root, and the records
/// LINUXKIT.location and LINUXKIT.source in every header.
void write_tar(const Tree& tree, const Spool& spool, const Sink& sink, std::stop_token stop);

}  // namespace rtfx::image
