// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/image/kept_files.hpp"

namespace rtfx::image {

/// What builds of images leave for the next ones, below one folder.
class BuildCache {
 public:
  /// `folder` may be empty: nothing is kept. `scratch` is for what cannot be kept.
  BuildCache(const std::filesystem::path& folder, const std::filesystem::path& scratch);

  KeptFiles listings;  ///< the files of an image, or of a tar in one, without their contents
  KeptFiles pieces;    ///< of initrds, compressed
  KeptFiles files;     ///< contents of files that are wanted apart from the others of their image
  KeptFiles builds;    ///< marks of what was assembled: no contents

  /// Marks a build as done, and drops what was not used for longest where there is too much.
  void finish(const Digest& build) const;
};

/// The digest of the program itself: any change of it can change what it makes, so what it keeps is
/// kept for itself alone.
const std::string& program_digest();

}  // namespace rtfx::image
