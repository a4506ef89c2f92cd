// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/archive_docker.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/tar_reader.hpp"

namespace rtfx::oci {

namespace {

using Json = nlohmann::json;

constexpr std::string_view config_type = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view layer_type = "application/vnd.oci.image.layer.v1.tar";

std::vector<std::string> strings_of(const Json& object, const char* key) {
  std::vector<std::string> result;
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return result;
  if (!it->is_array()) throw Error(std::string("\"") + key + "\" is not a list");
  for (const Json& item : *it) {
    if (!item.is_string())
      throw Error(std::string("\"") + key + "\" has an item that is no string");
    result.push_back(item.get<std::string>());
  }
  return result;
}

std::string packing_of(std::string_view start) {
  using namespace std::string_view_literals;
  if (start.starts_with("\x1f\x8b"sv)) return "+gzip";
  if (start.starts_with("\x28\xb5\x2f\xfd"sv)) return "+zstd";
  return "";
}

std::string start_of(const fs::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw system_error("reading " + file.string(), errno);
  char bytes[4];
  const ssize_t got = ::read(fd.get(), bytes, sizeof bytes);
  return {bytes, got > 0 ? static_cast<std::size_t>(got) : 0};
}

Digest digest_of_contents(const fs::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw system_error("reading " + file.string(), errno);
  Hasher hasher;
  decompress(fd.get(), [&](std::string_view bytes) { hasher.update(bytes); });
  return hasher.finish();
}

/// The blob of a layer with its media type, checked against what the configuration says of it.
Descriptor layer_blob(Store& store, const DockerMembers& members, const std::string& name,
                      const std::string& diff_id) {
  const std::string member = members.find(name);
  const auto text = members.texts.find(member);
  Descriptor blob =
      text == members.texts.end() ? members.blobs.at(member) : store.put(text->second, layer_type);
  const fs::path file = store.blob_path(blob);
  const std::string packing = packing_of(start_of(file));
  const Digest contents = packing.empty() ? blob.digest : digest_of_contents(file);
  if (contents.str() != diff_id)
    throw Error("has the digest " + contents.str() + ", but the configuration says " +
                text::one_line(diff_id));
  blob.media_type = std::string(layer_type) + packing;
  return blob;
}

nlohmann::ordered_json to_json(const Descriptor& descriptor) {
  nlohmann::ordered_json json;
  json["mediaType"] = descriptor.media_type;
  json["digest"] = descriptor.digest.str();
  json["size"] = descriptor.size;
  return json;
}

std::string read_text(const Store& store, const DockerMembers& members, const std::string& name) {
  const std::string member = members.find(name);
  const auto text = members.texts.find(member);
  return text == members.texts.end() ? store.read(members.blobs.at(member)) : text->second;
}

}  // namespace

std::vector<std::string> diff_ids_of(const std::string& config) {
  const Json json = Json::parse(config, nullptr, false);
  if (!json.is_object() || !json.contains("rootfs") || !json["rootfs"].is_object())
    throw Error("the configuration has no \"rootfs\"");
  return strings_of(json["rootfs"], "diff_ids");
}

std::string member_name(const std::string& path) {
  std::string result = fs::path(path).lexically_normal().string();
  while (result.starts_with('/')) result.erase(0, 1);
  if (result.ends_with('/')) result.pop_back();
  return result;
}

std::string DockerMembers::find(const std::string& name) const {
  // Links may lead to links, but not for ever.
  std::string member = member_name(name);
  for (int hop = 0; hop < 16; ++hop) {
    if (texts.contains(member) || blobs.contains(member)) return member;
    const auto link = links.find(member);
    if (link == links.end()) break;
    member = link->second;
  }
  throw Error("the archive has no " + text::one_line(name) + ", which its manifest.json names");
}

std::vector<DockerImage> parse_docker_manifest(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_array()) throw Error("manifest.json is not a JSON list");
  return in_context("manifest.json", [&] {
    std::vector<DockerImage> images;
    for (const Json& item : json) {
      if (!item.is_object() || !item.contains("Config") || !item["Config"].is_string())
        throw Error("an image has no \"Config\"");
      images.push_back({item["Config"].get<std::string>(), strings_of(item, "RepoTags"),
                        strings_of(item, "Layers")});
    }
    return images;
  });
}

Descriptor convert_docker_image(Store& store, const DockerMembers& members,
                                const DockerImage& image) {
  const std::string config = read_text(store, members, image.config);
  const ImageConfig parsed = parse_image_config(config);
  const std::vector<std::string> diff_ids = diff_ids_of(config);
  if (diff_ids.size() != image.layers.size())
    throw Error("the configuration tells of " + std::to_string(diff_ids.size()) +
                " layers, manifest.json of " + std::to_string(image.layers.size()));
  nlohmann::ordered_json manifest;
  manifest["schemaVersion"] = 2;
  manifest["mediaType"] = media_type_manifest;
  manifest["config"] = to_json(store.put(config, config_type));
  manifest["layers"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < diff_ids.size(); ++i) {
    const std::string& name = image.layers[i];
    manifest["layers"].push_back(in_context("layer " + text::one_line(name), [&] {
      return to_json(layer_blob(store, members, name, diff_ids[i]));
    }));
  }
  Descriptor descriptor = store.put(manifest.dump(), media_type_manifest);
  descriptor.platform = Platform{parsed.os, parsed.architecture, ""};
  return descriptor;
}

}  // namespace rtfx::oci
