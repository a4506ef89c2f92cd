// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/image.hpp"

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "harness/oci/canonical.hpp"
#include "harness/oci/store_files.hpp"

namespace rtfx::kernel {

namespace {

using Json = nlohmann::json;

Json to_json(const oci::Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type},
          {"digest", descriptor.digest.str()},
          {"size", descriptor.size}};
}

/// The layer as a blob of the layout, uncompressed.
oci::Descriptor write_layer(const ImageContent& content, const oci::Store& layout) {
  const fs::path tar = layout.directory() / "layer.tar";
  write_tar_file(tar, content.files, content.folders, content.timestamp);
  oci::Descriptor layer{"application/vnd.oci.image.layer.v1.tar",
                        Digest::of_file(tar),
                        fs::file_size(tar),
                        std::nullopt,
                        {}};
  const fs::path blob = oci::blob_file(layout.directory(), layer.digest);
  fs::create_directories(blob.parent_path());
  fs::rename(tar, blob);
  return layer;
}

}  // namespace

oci::Descriptor write_image(const ImageContent& content, oci::Store& store,
                            const fs::path& temporary, std::stop_token stop) {
  const TemporaryDirectory work("image", temporary);
  oci::Store layout(work.path() / "layout");
  const oci::Descriptor layer = write_layer(content, layout);
  const Json config = {
      {"architecture", content.arch},
      {"os", "linux"},
      {"config", {{"Labels", content.labels}}},
      {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array({layer.digest.str()})}}}};
  const Json manifest = {
      {"schemaVersion", 2},
      {"mediaType", oci::media_type_manifest},
      {"config", to_json(layout.put(config.dump(), "application/vnd.oci.image.config.v1+json"))},
      {"layers", Json::array({to_json(layer)})}};
  const oci::Descriptor image = layout.put(manifest.dump(), oci::media_type_manifest);
  return oci::canonicalize(layout, image, store, {content.timestamp, {}, {}}, stop);
}

}  // namespace rtfx::kernel
