// SPDX-License-Identifier: Apache-2.0
//
// --input-tar: an earlier output of the format tar in place of images that the content store does
// not have. Nothing is taken from it that a build from the images could make otherwise: the result
// has the same bytes.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>

#include "harness/image/image.hpp"
#include "harness/image/layout.hpp"
#include "harness/image/own_tar.hpp"
#include "harness/image/volume_layout.hpp"

namespace rtfx::image {

class InputTar {
 public:
  /// Throws Error (ExitCode::usage) when the file cannot be used at all.
  InputTar(const ImageSpec& spec, const AssembleOptions& options);

  /// An image that the store lacks, as far as find_sources() wants to know it. Throws Error that
  /// says why the tar cannot stand for it: what it is used for has changed.
  SourceImage find(const std::string& ref) const;
  /// The same for a volume with `format: oci`.
  OciVolume find_volume(const Volume& volume) const;
  /// The layout of such a volume.
  Tree read_volume(const Volume& volume, Spool& spool, std::stop_token stop) const;
  /// Sets the files of the images that are from the tar, and the parts of the layout that need more
  /// than files.
  void read(SourceImages& images, LayoutParts& parts, Spool& spool, std::stop_token stop) const;

 private:
  /// Where the tar has all the files of an image, and nothing else: "containers/.../lower".
  std::string files_of(const std::string& full_ref) const;
  void require_same_root(bool kernel) const;
  /// Throws Error unless the container is as it was, so that its config.json is too.
  std::size_t require_same_container(const char* section, std::size_t index) const;
  ResolvedContainer container_before(const char* section, std::size_t old_index) const;
  /// Throws Error when `files:` replaced something below the prefix (empty: in the root) that it
  /// does not replace now.
  void require_nothing_hidden(const std::string& prefix) const;
  std::vector<std::string> sboms_of(const std::string& full_ref) const;
  std::vector<LaidOut> entries_from(const std::string& location_prefix, Spool& spool,
                                    std::stop_token stop) const;

  const ImageSpec& spec_;
  const AssembleOptions& options_;
  OwnTar tar_;
  std::shared_ptr<const ImageSpec> before_;  ///< what the tar was made from; null: it does not say
  std::string unknown_;                      ///< why it is null
};

}  // namespace rtfx::image
