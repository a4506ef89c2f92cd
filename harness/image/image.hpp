// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "base/error.hpp"
#include "base/yaml.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::image {

struct ImageSpec;  // harness/image/spec.hpp

/// Resolves "@pkg:PATH" of a YAML in directory `base` to a package's full ref. Throws Error when it cannot.
using PackageResolver = std::function<std::string(const std::filesystem::path& base, const std::string& path)>;

/// Reads one or more image YAMLs (linuxkit's schema; docs/images.md) and merges them as linuxkit does. Problems go to `diagnostics`.
std::shared_ptr<const ImageSpec> load_image(const std::vector<std::filesystem::path>& files, const PackageResolver& resolver,
                                            Diagnostics& diagnostics);

/// Every image reference of the spec, in order of use, without duplicates.
std::vector<std::string> image_refs(const ImageSpec& spec);

/// Finds the manifest of a reference for an arch in the content store: "REF-ARCH", else "REF" as an index or as an image
/// of that arch; REF as written, then in its expanded form. Throws Error when there is none, or only for other arches.
oci::Descriptor find_manifest(const oci::Store& store, const std::string& ref, const std::string& arch);

enum class Format { kernel_initrd, tar };

/// "kernel+initrd" or "tar". Throws Error (ExitCode::usage) with a suggestion.
Format parse_format(const std::string& name);

struct AssembleOptions {
  std::string arch;                   ///< GOARCH
  Format format = Format::kernel_initrd;
  std::filesystem::path directory;    ///< of the outputs; must exist
  std::string name;                   ///< outputs are NAME-kernel, NAME-initrd.img, NAME-cmdline, or NAME.tar
};

/// What was used: ref and manifest digest of every image, in order of use.
struct UsedImage {
  std::string ref;
  Digest digest;
};
struct Assembled {
  std::vector<std::filesystem::path> outputs;
  std::vector<UsedImage> images;
};

/// Lays out the root filesystem (linuxkit's on-disk contract) and writes the outputs. The same input gives the same bytes.
/// Outputs appear by rename when all are complete; a failure leaves the old ones. Layers are streamed from the store, never extracted to disk.
Assembled assemble(const ImageSpec& spec, const oci::Store& store, const AssembleOptions& options, std::stop_token stop = {});

}  // namespace rtfx::image
