// SPDX-License-Identifier: Apache-2.0
//
// Images for tests.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "harness/oci/canonical_tar.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::oci::fixture {

inline constexpr const char* layer_type = "application/vnd.oci.image.layer.v1.tar";
inline constexpr const char* config_type = "application/vnd.oci.image.config.v1+json";

/// What the body's Error says.
template <typename Body>
std::string message_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// A member of a tar with its content.
struct Member {
  std::string path, content;
  char type = '0';
  unsigned mode = 0644;
  std::uint64_t uid = 0;
  std::int64_t mtime = 1600000000;
  std::string link{};
};

inline std::string tar_of(const std::vector<Member>& members) {
  std::string bytes;
  TarWriter writer([&](std::string_view piece) { bytes += piece; });
  for (const Member& member : members) {
    TarHeader header;
    header.path = member.path;
    header.type = member.type;
    header.mode = member.mode;
    header.uid = member.uid;
    header.mtime = member.mtime;
    header.link = member.link;
    header.size = member.content.size();
    writer.member(header);
    writer.content(member.content);
  }
  writer.finish();
  return bytes;
}

inline nlohmann::json to_json(const Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type},
          {"digest", descriptor.digest.str()},
          {"size", descriptor.size}};
}

/// Puts an image of these layers (uncompressed tars) into the store; `config` is added to its configuration.
inline Descriptor put_image(Store& store, const std::string& architecture,
                            const std::vector<std::string>& layers,
                            const nlohmann::json& config = nlohmann::json::object()) {
  using nlohmann::json;
  json image = {{"architecture", architecture}, {"os", "linux"}};
  image["rootfs"] = {{"type", "layers"}, {"diff_ids", json::array()}};
  json manifest = {
      {"schemaVersion", 2}, {"mediaType", media_type_manifest}, {"layers", json::array()}};
  for (const std::string& layer : layers) {
    const Descriptor descriptor = store.put(layer, layer_type);
    image["rootfs"]["diff_ids"].push_back(descriptor.digest.str());
    manifest["layers"].push_back(to_json(descriptor));
  }
  image.update(config);
  manifest["config"] = to_json(store.put(image.dump(), config_type));
  Descriptor descriptor = store.put(manifest.dump(), media_type_manifest);
  descriptor.platform = Platform{"linux", architecture, ""};
  return descriptor;
}

}  // namespace rtfx::oci::fixture
