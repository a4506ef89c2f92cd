// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/contents.hpp"

#include <set>
#include <utility>

#include "base/error.hpp"
#include "harness/oci/index_merge.hpp"
#include "harness/oci/store_files.hpp"

namespace rtfx::oci {

namespace {

class Walk {
 public:
  explicit Walk(const Store& store) : store_(store) {}

  void visit(const Descriptor& descriptor) {
    if (!seen_.insert(descriptor.digest).second) return;
    contents_.size += descriptor.size;
    std::error_code error;
    const fs::path file = blob_file(store_.directory(), descriptor.digest);
    if (const auto size = fs::file_size(file, error); error) {
      note(missing_blob(descriptor.digest, file));
      return;
    } else if (size != descriptor.size) {
      note(corrupt_blob(descriptor, file));
      return;
    }
    try {
      visit_children(descriptor);
    } catch (const Error& fault) {
      note(fault);
    }
  }

  ImageContents result() {
    contents_.platforms.assign(platforms_.begin(), platforms_.end());
    return std::move(contents_);
  }

 private:
  void note(const Error& fault) {
    if (contents_.damage.empty()) contents_.damage = fault.what();
  }

  void visit_children(const Descriptor& descriptor) {
    if (is_index(descriptor)) {
      for (const Descriptor& child : parse_index(store_.read(descriptor)).manifests) visit(child);
    } else if (is_manifest(descriptor)) {
      const Manifest manifest = parse_manifest(store_.read(descriptor));
      visit(manifest.config);
      for (const Descriptor& layer : manifest.layers) visit(layer);
      if (is_attestation(descriptor)) return;
      if (descriptor.platform) {
        platforms_.insert(*descriptor.platform);
      } else {
        const ImageConfig config = parse_image_config(store_.read(manifest.config));
        platforms_.insert(Platform{config.os, config.architecture, ""});
      }
    }
  }

  const Store& store_;
  std::set<Digest> seen_;
  std::set<Platform> platforms_;
  ImageContents contents_;
};

}  // namespace

ImageContents contents_of(const Store& store, const Descriptor& descriptor) {
  Walk walk(store);
  walk.visit(descriptor);
  return walk.result();
}

}  // namespace rtfx::oci
