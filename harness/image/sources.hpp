// SPDX-License-Identifier: Apache-2.0
//
// What an image is made of, looked up but not read: before anything is written, every reference is
// known to be there.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/image/image.hpp"
#include "harness/image/input_tar.hpp"
#include "harness/image/layout.hpp"
#include "harness/image/volume_layout.hpp"

namespace rtfx::image {

struct Sources {
  SourceImages images;                        ///< without their files
  std::map<std::string, OciVolume> volumes;   ///< by name: those that hold an OCI layout
  std::vector<UsedImage> used;                ///< in order of use
  std::shared_ptr<const InputTar> input_tar;  ///< where the images are from that say so
  std::string more;  ///< what else the outputs depend on: volumes' indexes, attestations
};

/// Looks up every image of the spec; all that are missing or damaged are in the one Error.
Sources find_sources(const ImageSpec& spec, const oci::Store& store,
                     const AssembleOptions& options);

/// Reads what lay_out() needs beside the files of the images in the store, and the files of those
/// that are from elsewhere.
LayoutParts read_parts(const ImageSpec& spec, Sources& sources, const oci::Store& store,
                       const AssembleOptions& options, Spool& spool, std::stop_token stop);

}  // namespace rtfx::image
