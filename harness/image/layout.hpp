// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/image/image.hpp"
#include "harness/image/oci_config.hpp"
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
  std::vector<std::string> sboms;  ///< SPDX documents about it
  bool from_input_tar = false;     ///< so there may be nothing of it in the store
};
using SourceImages = std::map<std::string, SourceImage>;  ///< by the reference as the spec has it

/// The root file system, and apart from it what the firmware or qemu loads.
struct Layout {
  Tree root;
  std::optional<Extent> kernel, ucode;
  std::string cmdline;
};

/// An entry as it was laid out before.
struct LaidOut {
  std::string path;
  Inode inode;
  std::optional<std::string> hard_link;  ///< a further name of that path
  Origin origin;
};

/// What is in the root file system beside the files of the images, and parts of an earlier layout
/// (input_tar.hpp).
struct LayoutParts {
  std::string arch;
  std::map<std::string, std::shared_ptr<const Tree>>
      volumes;  ///< by name: those with `format: oci`
  SbomOptions sbom;
  bool decompress_kernel = false;                    ///< also that of boot/kernel
  std::optional<std::vector<LaidOut>> kernel, init;  ///< instead of those of the images
  std::set<std::string> hidden;  ///< paths where something of `kernel` or `init` was replaced
  std::map<std::string, ResolvedContainer> containers;  ///< by location, instead of resolving them
};

/// Lays out the root file system as linuxkit's init expects it: kernel, init images, volumes,
/// onboot, onshutdown, services, files, the SBOM, in this order; what comes later wins. docs/images.md
/// describes the result. Throws Error that names the entry of the YAML.
Layout lay_out(const ImageSpec& spec, const SourceImages& images, Spool& spool,
               const LayoutParts& parts = {});

/// `files:` of the YAML, over all that is there. `hidden`: LayoutParts::hidden.
void add_files(const ImageSpec& spec, Tree& root, Spool& spool,
               const std::set<std::string>& hidden = {});

}  // namespace rtfx::image
