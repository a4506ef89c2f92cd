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

/// Resolves "@pkg:PATH" of a YAML in directory `base` to a package's full ref. Throws Error when it
/// cannot.
using PackageResolver =
    std::function<std::string(const std::filesystem::path& base, const std::string& path)>;

/// Reads one or more image YAMLs (linuxkit's schema; docs/images.md) and merges them as linuxkit
/// does. Problems go to `diagnostics`.
std::shared_ptr<const ImageSpec> load_image(const std::vector<std::filesystem::path>& files,
                                            const PackageResolver& resolver,
                                            Diagnostics& diagnostics);

/// Every image reference of the spec, in order of use, without duplicates.
std::vector<std::string> image_refs(const ImageSpec& spec);

/// The merged document as YAML that load_image reads back, with packages resolved and references in
/// full.
std::string merged_yaml(const ImageSpec& spec);

/// Finds the manifest of a reference for an arch in the content store: "REF-ARCH", else "REF" as an
/// index or as an image of that arch; REF as written, then in its expanded form. Throws Error when
/// there is none, or only for other arches.
oci::Descriptor find_manifest(const oci::Store& store, const std::string& ref,
                              const std::string& arch);

enum class Format { kernel_initrd, tar };

/// "kernel+initrd" or "tar". Throws Error (ExitCode::usage) with a suggestion.
Format parse_format(const std::string& name);

/// What is used: ref and manifest digest of an image.
struct UsedImage {
  std::string ref;
  Digest digest;
};

struct AssembleOptions {
  std::string arch;  ///< GOARCH
  Format format = Format::kernel_initrd;
  std::filesystem::path directory;  ///< of the outputs; must exist
  std::string name;  ///< outputs are NAME-kernel, NAME-initrd.img, NAME-cmdline, or NAME.tar
  std::filesystem::path cache;  ///< folder of outputs assembled before, looked up by all that they
                                ///< depend on; empty: none
  /// Asked before anything is read or written, with every image in order of use; throws Error to
  /// refuse them.
  std::function<void(const std::vector<UsedImage>&)> accept;
};

struct Assembled {
  std::vector<std::filesystem::path> outputs;
  std::vector<UsedImage> images;
  std::vector<std::string> warnings;  ///< what the format could not hold, one line each
  bool cached = false;                ///< the outputs are a copy of what was assembled before
};

/// Lays out the root filesystem (linuxkit's on-disk contract) and writes the outputs. The same
/// input gives the same bytes. Outputs appear by rename when all are complete; a failure leaves the
/// old ones. Files of the format that this build does not produce (NAME-cmdline of an earlier one)
/// are removed. Layers are streamed from the store, never extracted to disk. Every missing image is
/// in the one Error.
Assembled assemble(const ImageSpec& spec, const oci::Store& store, const AssembleOptions& options,
                   std::stop_token stop = {});

}  // namespace rtfx::image
