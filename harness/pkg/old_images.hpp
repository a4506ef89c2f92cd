// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "harness/process/process.hpp"

namespace rtfx::pkg {

/// Removes from the storage of images that buildah starts FROM (storage.hpp), below `scratch`, those whose
/// configuration is not among `kept`, the digests that the content store has names for. Builds load an image again when
/// they want it. Nothing is done while a build runs, or when `dry_run`. Returns the names of the images, sorted. Throws
/// Error when buildah cannot remove one.
std::vector<std::string> remove_old_images(const std::filesystem::path& scratch,
                                           const std::set<Digest>& kept, bool dry_run,
                                           process::Runner& runner, std::stop_token stop = {});

}  // namespace rtfx::pkg
