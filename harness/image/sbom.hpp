// SPDX-License-Identifier: Apache-2.0
//
// What is in an image, from what its builders said of its parts: BuildKit attaches SPDX documents
// to an index as attestations (BuildKit, "Image Attestation Storage").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/image/image.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::image {

/// The SPDX documents that the indexes behind `ref` have for its manifest of an arch, each as JSON; none for an
/// image without an index. Throws Error when one is damaged.
std::vector<std::string> attached_sboms(const oci::Store& store, const std::string& ref,
                                        const std::string& arch, const oci::Descriptor& manifest);

/// The documents of an image that is at `prefix` of the root file system.
struct SbomPart {
  std::string location;  ///< "kernel", "init[0]", ...
  std::string prefix;    ///< "containers/onboot/000-x/lower"
  std::vector<std::string> documents;
};

/// One SPDX 2.3 document of all parts, in order; paths get the prefix of their part. The same parts
/// give the same bytes unless options.current_time.
std::string merge_sboms(const std::vector<SbomPart>& parts, const SbomOptions& options);

/// What a merged SBOM has from one part, as a document whose paths have no prefix; nullopt: nothing.
/// Throws Error when the SBOM is not of merge_sboms().
std::optional<std::string> part_of_sbom(const std::string& sbom, const std::string& location,
                                        const std::string& prefix);

}  // namespace rtfx::image
