// SPDX-License-Identifier: Apache-2.0
//
// Where buildah keeps images. Every build has a storage of its own, which vanishes with its
// directory: builds cannot disturb each other, nothing grows, and a killed build leaves no state
// that a later one could trip over. The images that builds start FROM are in one storage beside
// them, which buildah reads as an additional image store.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "harness/oci/store.hpp"
#include "harness/pkg/tool.hpp"

namespace rtfx::pkg {

/// The shared storage of images to start FROM, below `scratch`.
class ImageStorage {
 public:
  explicit ImageStorage(std::filesystem::path scratch);

  /// Makes the image of the content store available to builds under `ref`. Does nothing when it is
  /// there already.
  void load(const oci::Store& store, const oci::Descriptor& manifest, const std::string& ref,
            const Steps& steps);

 private:
  friend class BuildStorage;
  std::filesystem::path scratch_, directory_;
};

/// A private directory of one build, which goes with this object; what killed builds left is swept away later.
class BuildDirectory {
 public:
  explicit BuildDirectory(const std::filesystem::path& scratch);
  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  FileLock lock_;
};

/// The storage of one build by buildah.
class BuildStorage {
 public:
  /// `images` are those that the build may start FROM; null when it needs none.
  BuildStorage(const std::filesystem::path& scratch, const ImageStorage* images,
               const Steps& steps);

  /// The OCI layout that buildah writes.
  std::filesystem::path output() const { return directory_.path() / "out"; }

  /// `buildah ARGUMENTS...` on this storage, in its directory, in a mount namespace of its own;
  /// without network if asked.
  process::Command buildah(const std::vector<std::string>& arguments, bool network) const;

 private:
  BuildDirectory directory_;
};

/// Removes what builds that were killed have left below `scratch`.
void sweep(const std::filesystem::path& scratch);

}  // namespace rtfx::pkg
