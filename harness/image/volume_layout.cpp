// SPDX-License-Identifier: Apache-2.0
#include "harness/image/volume_layout.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/image.hpp"
#include "harness/image/spool_file.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::image {

namespace {

bool is_index(const oci::Descriptor& descriptor) {
  return descriptor.media_type.find("index") != std::string::npos ||
         descriptor.media_type.find("manifest.list") != std::string::npos;
}

/// A variant counts only when it is asked for.
bool matches(const oci::Platform& wanted, const oci::Descriptor& manifest) {
  return manifest.platform && manifest.platform->os == wanted.os &&
         manifest.platform->architecture == wanted.architecture &&
         (wanted.variant.empty() || manifest.platform->variant == wanted.variant);
}

std::string name_of(const oci::Platform& platform) {
  return platform.os + "/" + platform.architecture +
         (platform.variant.empty() ? "" : "/" + platform.variant);
}

/// An image without an index has its platform in its configuration.
oci::Descriptor with_platform(const ReadBlob& read, oci::Descriptor manifest) {
  const oci::ImageConfig config =
      oci::parse_image_config(read(oci::parse_manifest(read(manifest)).config));
  manifest.platform = oci::Platform{config.os, config.architecture, ""};
  return manifest;
}

std::string index_json(const OciVolume& volume) {
  nlohmann::ordered_json root;
  root["mediaType"] = volume.root.media_type;
  root["size"] = volume.root.size;
  root["digest"] = volume.root.digest.str();
  root["annotations"]["org.opencontainers.image.ref.name"] = volume.full_ref;
  nlohmann::ordered_json index;
  index["schemaVersion"] = 2;
  index["mediaType"] = oci::media_type_index;
  index["manifests"].push_back(root);
  return index.dump(3);
}

}  // namespace

OciVolume make_oci_volume(const Volume& volume, const oci::Descriptor& root, const ReadBlob& read,
                          const std::string& where) {
  OciVolume found{oci::expand_reference(volume.image), root, {}, false};
  const std::vector<oci::Descriptor> all = is_index(root) ? oci::parse_index(read(root)).manifests
                                                          : std::vector{with_platform(read, root)};
  std::set<std::string> offered;
  for (const oci::Descriptor& manifest : all) {
    if (is_index(manifest)) continue;
    const bool wanted =
        volume.platforms.empty() ||
        std::any_of(volume.platforms.begin(), volume.platforms.end(),
                    [&](const auto& platform) { return matches(platform, manifest); });
    if (wanted) found.manifests.push_back(manifest);
    if (manifest.platform) offered.insert(name_of(*manifest.platform));
  }
  for (const oci::Platform& platform : volume.platforms) {
    if (std::none_of(all.begin(), all.end(),
                     [&](const auto& manifest) { return matches(platform, manifest); }))
      throw Error(where + " has it for " + text::join({offered.begin(), offered.end()}, ", ") +
                  ", but not for " + name_of(platform));
  }
  return found;
}

OciVolume find_oci_volume(const oci::Store& store, const Volume& volume) {
  return in_context("image " + volume.image, [&] {
    const auto root = find_image(store, volume.image);
    if (!root) throw Error("not in the content store " + store.directory().string());
    return make_oci_volume(
        volume, *root, [&](const oci::Descriptor& blob) { return store.read(blob); },
        store.directory().string());
  });
}

Tree read_oci_volume(const oci::Store& store, const OciVolume& volume, Spool& spool,
                     std::stop_token stop) {
  Tree tree;
  tree.add_origin({});
  const auto put = [&](const std::string& path, const Extent& data) {
    Inode file;
    file.data = data;
    tree.put(path, std::move(file));
  };
  const auto put_blob = [&](const oci::Descriptor& blob) {
    const std::string path = "blobs/sha256/" + blob.digest.hex();
    if (tree.find(path) != nullptr) return;
    put(path, spool_file(store.blob_path(blob), spool, stop));
  };
  put("oci-layout", spool.add("{\"imageLayoutVersion\": \"1.0.0\"}"));
  for (const oci::Descriptor& descriptor : volume.manifests) {
    const oci::Manifest manifest = oci::parse_manifest(store.read(descriptor));
    put_blob(manifest.config);
    for (const oci::Descriptor& layer : manifest.layers) put_blob(layer);
    put_blob(descriptor);
  }
  put_blob(volume.root);
  put("index.json", spool.add(index_json(volume)));
  return tree;
}

}  // namespace rtfx::image
