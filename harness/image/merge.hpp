// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/yaml.hpp"
#include "harness/image/image.hpp"

namespace rtfx::image {

/// Reads the files, resolves "@pkg:PATH" scalars and merges the documents as linuxkit does: kernel
/// fields of later files win one by one, the lists of the other sections are concatenated. Other
/// scalars that start with "@" stay as they are.
yaml::Node merge_files(const std::vector<ImageFile>& files, const PackageResolver& resolver,
                       Diagnostics& diagnostics);

}  // namespace rtfx::image
