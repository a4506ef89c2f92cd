// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "harness/image/spec.hpp"
#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::image {

/// An image that the spec uses, with its layers already one file system.
struct SourceImage {
  std::string full_ref;
  oci::Descriptor manifest;
  oci::ImageConfig config;
  std::shared_ptr<const Tree> files;
};
using SourceImages = std::map<std::string, SourceImage>;  ///< by the reference as the spec has it

/// The root file system, and apart from it what the firmware or qemu loads.
struct Layout {
  Tree root;
  std::optional<Extent> kernel, ucode;
  std::string cmdline;
};

/// Lays out the root file system as linuxkit's init expects it: kernel, init images, volumes,
/// onboot, onshutdown, services, files, in this order; what comes later wins. docs/images.md
/// describes the result. Throws Error that names the entry of the YAML.
Layout lay_out(const ImageSpec& spec, const SourceImages& images, Spool& spool);

/// `files:` of the YAML, over all that is there.
void add_files(const ImageSpec& spec, Tree& root, Spool& spool);

}  // namespace rtfx::image
