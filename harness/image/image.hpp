// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/arch.hpp"
#include "base/error.hpp"
#include "base/yaml.hpp"
#include "harness/image/format.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::image {

struct ImageSpec;  // harness/image/spec.hpp

/// Resolves "@pkg:PATH" of a YAML in directory `base` to a package's full ref. Throws Error when it
/// cannot.
using PackageResolver =
    std::function<std::string(const std::filesystem::path& base, const std::string& path)>;

/// An image YAML, or where it is.
struct ImageFile {
  ImageFile(std::filesystem::path path) : name(std::move(path)) {}
  ImageFile(std::string what, std::string yaml, bool from_elsewhere)
      : name(std::move(what)), text(std::move(yaml)), remote(from_elsewhere) {}

  std::filesystem::path name;       ///< in messages; packages are found relative to its folder
  std::optional<std::string> text;  ///< unset: that of the file `name`
  bool remote = false;              ///< from elsewhere, so that it cannot name packages
};

/// Reads one or more image YAMLs (linuxkit's schema; docs/images.md) and merges them as linuxkit
/// does. Problems go to `diagnostics`.
std::shared_ptr<const ImageSpec> load_image(const std::vector<ImageFile>& files,
                                            const PackageResolver& resolver,
                                            Diagnostics& diagnostics);

/// Every image reference of the spec of which the files are used, in order of use, without
/// duplicates.
std::vector<std::string> image_refs(const ImageSpec& spec);

/// The merged document as YAML that load_image reads back, with packages resolved and references in
/// full.
std::string merged_yaml(const ImageSpec& spec);
/// The same for people to read: references as they were written, four spaces a level, every section.
std::string readable_yaml(const ImageSpec& spec);

/// Finds the manifest of a reference for an arch in the content store: "REF-ARCH", else "REF" as an
/// index or as an image of that arch; REF as written, then in its expanded form. Throws Error when
/// there is none, or only for other arches.
oci::Descriptor find_manifest(const oci::Store& store, const std::string& ref,
                              const std::string& arch);

/// What a reference stands for in the content store, an index or an image, whatever it is for.
std::optional<oci::Descriptor> find_image(const oci::Store& store, const std::string& ref);

/// The indexes that may tell more about a manifest that find_manifest() found for this reference.
std::vector<oci::Descriptor> indexes_of(const oci::Store& store, const std::string& ref,
                                        const std::string& arch);

/// What is used: ref and manifest digest of an image.
struct UsedImage {
  std::string ref;
  Digest digest;
};

/// A file of a boot loader that the distribution has for an arch, such as systemd-boot's for arm64:
/// where it is on this host. Fetches it if it must. Throws Error that says what to do.
using BootLoaderFile = std::function<std::filesystem::path(
    const Arch& arch, const std::string& debian_package, const std::filesystem::path& file)>;

/// The list of what is in the image, from its images' own (SPDX 2.3).
struct SbomOptions {
  std::string path;           ///< in the root file system; empty: none
  bool current_time = false;  ///< "created" is now, which no second build repeats
};

struct AssembleOptions {
  Arch arch;
  std::vector<Format> formats = {Format::kernel_initrd};
  std::filesystem::path directory;  ///< of the outputs; must exist
  std::string name;                 ///< of the outputs, which have a suffix each: NAME-kernel
  /// Folder of what was assembled before: outputs, listings of images, pieces of initrds, each
  /// looked up by all that it depends on; empty: none.
  std::filesystem::path cache;
  Compression compression = Compression::gzip;  ///< of initrds
  bool decompress_kernel = false;        ///< a kernel compressed by gzip is written as it is inside
  std::uint64_t disk_size = 1ULL << 30;  ///< bytes; of formats with a disk of a size of its own
  SbomOptions sbom;
  std::filesystem::path input_tar;  ///< an earlier output whose parts are used again; empty: none
  BootLoaderFile boot_loader_file;
  /// Images to use instead of what the store calls by these references.
  std::map<std::string, oci::Descriptor> given;
  /// Asked before anything is read or written, with every image in order of use; throws Error to
  /// refuse them.
  std::function<void(const std::vector<UsedImage>&)> accept;
};

/// An image that a build uses.
struct NeededImage {
  std::string ref;
  std::vector<std::string> arches;  ///< empty: all that it has
  std::string problem;              ///< why it cannot be used; empty: it is there
};
/// Every image of the spec, in order of use, and whether the content store (or options.input_tar)
/// has it with all that it refers to.
std::vector<NeededImage> check_images(const ImageSpec& spec, const oci::Store& store,
                                      const AssembleOptions& options);

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
