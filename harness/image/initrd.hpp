// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "harness/image/image.hpp"
#include "harness/image/layout.hpp"

namespace rtfx::image {

/// Writes the whole initrd of the layout to `file`, from where it stands: microcode if there is
/// any, then the root file system without what is below boot/ as a cpio archive, compressed as the
/// options say. Returns a warning for every file that loses extended attributes. The bytes depend
/// on layout and compression alone. Throws Error.
std::vector<std::string> write_initrd(const Layout& layout, const Spool& spool,
                                      const AssembleOptions& options, const FileDescriptor& file,
                                      std::stop_token stop);

}  // namespace rtfx::image
