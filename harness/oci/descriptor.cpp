// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/descriptor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::oci {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

/// One JSON object and what it is called in messages.
class Object {
 public:
  Object(const Json& json, std::string what) : json_(json), what_(std::move(what)) {
    if (!json_.is_object()) throw Error(what_ + " is not a JSON object");
  }

  const Json* find(const char* key) const {
    const auto it = json_.find(key);
    return it == json_.end() || it->is_null() ? nullptr : &*it;
  }
  const Json& at(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) throw Error(what_ + " has no \"" + key + "\"");
    return *value;
  }
  std::string string(const char* key, const std::string& fallback = "") const {
    const Json* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_string()) throw Error(what_ + ": \"" + key + "\" is not a string");
    return value->get<std::string>();
  }
  std::vector<std::string> strings(const char* key) const {
    std::vector<std::string> result;
    const Json* value = find(key);
    if (value == nullptr) return result;
    if (!value->is_array()) throw Error(what_ + ": \"" + key + "\" is not a list");
    for (const Json& item : *value) {
      if (!item.is_string())
        throw Error(what_ + ": \"" + key + "\" has an item that is not a string");
      result.push_back(item.get<std::string>());
    }
    return result;
  }
  std::map<std::string, std::string> string_map(const char* key) const {
    std::map<std::string, std::string> result;
    const Json* value = find(key);
    if (value == nullptr) return result;
    if (!value->is_object()) throw Error(what_ + ": \"" + key + "\" is not a map");
    for (const auto& [name, text] : value->items()) {
      if (!text.is_string()) throw Error(what_ + ": \"" + key + "\"." + name + " is not a string");
      result.emplace(name, text.get<std::string>());
    }
    return result;
  }
  const std::string& what() const { return what_; }

 private:
  const Json& json_;
  std::string what_;
};

Json parse_json(std::string_view text, const std::string& what) {
  // Depth is checked by hand: the library's parser is iterative, but destroying and walking a deep
  // value is not cheap.
  constexpr int max_depth = 64;
  const auto guard = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth) throw Error(what + " is nested too deeply");
    return true;
  };
  try {
    return Json::parse(text, guard);
  } catch (const Json::exception&) {
    throw Error(what + " is not valid JSON");
  }
}

Descriptor to_descriptor(const Json& json, const std::string& what) {
  const Object object(json, what);
  const Json& digest = object.at("digest");
  if (!digest.is_string()) throw Error(what + ": \"digest\" is not a string");
  const Json& size = object.at("size");
  if (!size.is_number_unsigned()) throw Error(what + ": \"size\" is not a whole number");
  Descriptor result{
      object.string("mediaType"),
      in_context(what, [&] { return Digest::parse(digest.get_ref<const std::string&>()); }),
      size.get<std::uint64_t>(), std::nullopt, object.string_map("annotations")};
  if (result.media_type.empty()) throw Error(what + " has no \"mediaType\"");
  if (const Json* platform = object.find("platform")) {
    const Object fields(*platform, what + ": platform");
    result.platform =
        Platform{fields.string("os"), fields.string("architecture"), fields.string("variant")};
  }
  return result;
}

std::vector<Descriptor> to_descriptors(const Object& object, const char* key) {
  const Json& list = object.at(key);
  if (!list.is_array()) throw Error(object.what() + ": \"" + key + "\" is not a list");
  std::vector<Descriptor> result;
  for (std::size_t i = 0; i < list.size(); ++i)
    result.push_back(
        to_descriptor(list[i], object.what() + ": " + key + "[" + std::to_string(i) + "]"));
  return result;
}

void check_schema(const Object& object) {
  const Json& version = object.at("schemaVersion");
  if (!version.is_number_integer() || version.get<int>() != 2)
    throw Error(object.what() + ": schemaVersion is not 2");
}

void check_media_type(const Object& object, std::string_view oci, std::string_view docker) {
  const std::string type = object.string("mediaType", std::string(oci));
  if (type != oci && type != docker)
    throw Error(object.what() + " has the media type " + text::printable(type));
}

OrderedJson to_json(const Descriptor& descriptor) {
  OrderedJson json;
  json["mediaType"] = descriptor.media_type;
  json["digest"] = descriptor.digest.str();
  json["size"] = descriptor.size;
  if (descriptor.platform) {
    OrderedJson& platform = json["platform"];
    platform["architecture"] = descriptor.platform->architecture;
    platform["os"] = descriptor.platform->os;
    if (!descriptor.platform->variant.empty()) platform["variant"] = descriptor.platform->variant;
  }
  if (!descriptor.annotations.empty()) json["annotations"] = descriptor.annotations;
  return json;
}

}  // namespace

Manifest parse_manifest(std::string_view json) {
  const Json parsed = parse_json(json, "image manifest");
  const Object object(parsed, "image manifest");
  check_schema(object);
  check_media_type(object, media_type_manifest,
                   "application/vnd.docker.distribution.manifest.v2+json");
  return {to_descriptor(object.at("config"), "image manifest: config"),
          to_descriptors(object, "layers")};
}

Index parse_index(std::string_view json) {
  const Json parsed = parse_json(json, "image index");
  const Object object(parsed, "image index");
  check_schema(object);
  check_media_type(object, media_type_index,
                   "application/vnd.docker.distribution.manifest.list.v2+json");
  return {to_descriptors(object, "manifests"), object.string_map("annotations")};
}

ImageConfig parse_image_config(std::string_view json) {
  const Json parsed = parse_json(json, "image configuration");
  const Object object(parsed, "image configuration");
  ImageConfig result;
  result.architecture = object.string("architecture");
  result.os = object.string("os");
  if (result.architecture.empty()) throw Error("image configuration has no \"architecture\"");
  if (const Json* config = object.find("config")) {
    const Object fields(*config, "image configuration: config");
    result.entrypoint = fields.strings("Entrypoint");
    result.cmd = fields.strings("Cmd");
    result.env = fields.strings("Env");
    result.working_dir = fields.string("WorkingDir");
    result.user = fields.string("User");
    result.labels = fields.string_map("Labels");
  }
  return result;
}

std::string format_index(const Index& index) {
  std::vector<Descriptor> manifests = index.manifests;
  std::stable_sort(manifests.begin(), manifests.end(),
                   [](const Descriptor& a, const Descriptor& b) {
                     return std::tie(a.platform, a.annotations, a.digest) <
                            std::tie(b.platform, b.annotations, b.digest);
                   });
  OrderedJson json;
  json["schemaVersion"] = 2;
  json["mediaType"] = media_type_index;
  json["manifests"] = OrderedJson::array();
  for (const Descriptor& descriptor : manifests) json["manifests"].push_back(to_json(descriptor));
  if (!index.annotations.empty()) json["annotations"] = index.annotations;
  return json.dump();
}

}  // namespace rtfx::oci
