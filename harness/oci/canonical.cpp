// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/canonical.hpp"

#include <ctime>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "harness/oci/canonical_layer.hpp"

namespace rtfx::oci {

namespace {

// Keys of an object are sorted in this type.
using Json = nlohmann::json;

constexpr std::string_view media_type_config = "application/vnd.oci.image.config.v1+json";

/// OCI image-spec, "Image Configuration", and Docker's additions that say how an image is run.
constexpr const char* kept_keys[] = {"architecture", "author",     "os",
                                     "os.features",  "os.version", "variant"};
constexpr const char* kept_config_keys[] = {
    "Cmd",   "Entrypoint", "Env",         "ExposedPorts", "Healthcheck", "Labels",    "OnBuild",
    "Shell", "StopSignal", "StopTimeout", "User",         "Volumes",     "WorkingDir"};
constexpr const char* kept_history_keys[] = {"author", "comment", "created_by", "empty_layer"};

bool says_nothing(const Json& value) {
  return value.is_null() || value == "" || value == false ||
         ((value.is_array() || value.is_object()) && value.empty());
}

template <std::size_t count>
Json only(const Json& object, const char* const (&keys)[count]) {
  Json result = Json::object();
  for (const char* key : keys) {
    const auto found = object.find(key);
    if (found != object.end() && !says_nothing(*found)) result[key] = *found;
  }
  return result;
}

/// RFC 3339.
std::string format_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  char buffer[32];
  if (::gmtime_r(&time, &parts) == nullptr ||
      std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
    throw Error("the time " + std::to_string(seconds) + " has no date");
  return buffer;
}

void hide(Json& entry, const std::vector<std::string>& hidden) {
  for (const char* key : {"comment", "created_by"}) {
    if (!entry.contains(key) || !entry[key].is_string()) continue;
    std::string text = entry[key];
    for (const std::string& word : hidden) {
      if (word.empty()) continue;
      for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos;)
        text.erase(at, word.size());
    }
    entry[key] = text;
  }
}

std::vector<Digest> diff_ids_of(const Json& config) {
  const Json rootfs = config.value("rootfs", Json::object());
  const Json list = rootfs.is_object() ? rootfs.value("diff_ids", Json::array()) : Json();
  if (!list.is_array()) throw Error("image configuration: rootfs.diff_ids is not a list");
  std::vector<Digest> result;
  for (const Json& id : list) {
    if (!id.is_string()) throw Error("image configuration: a diff_id is not a string");
    result.push_back(Digest::parse(id.get_ref<const std::string&>()));
  }
  return result;
}

Json canonical_history(const Json& config, std::size_t layers, const CanonicalForm& form) {
  const auto history = config.find("history");
  if (history == config.end() || history->is_null()) return nullptr;
  if (!history->is_array()) throw Error("image configuration: history is not a list");
  Json result = Json::array();
  std::size_t with_layer = 0;
  for (const Json& item : *history) {
    if (!item.is_object())
      throw Error("image configuration: an item of the history is not an object");
    Json entry = only(item, kept_history_keys);
    hide(entry, form.hidden);
    entry["created"] = format_time(form.timestamp);
    if (!entry.contains("empty_layer")) ++with_layer;
    result.push_back(std::move(entry));
  }
  if (with_layer != layers) {
    throw Error("image configuration: the history tells of " + std::to_string(with_layer) +
                " layers, but there are " + std::to_string(layers));
  }
  return result;
}

Json canonical_config(const Json& config, const std::vector<Digest>& diff_ids,
                      const CanonicalForm& form) {
  Json result = only(config, kept_keys);
  const Json inner = config.value("config", Json());
  result["config"] = inner.is_object() ? only(inner, kept_config_keys) : Json::object();
  result["created"] = format_time(form.timestamp);
  result["rootfs"] = {{"type", "layers"}, {"diff_ids", Json::array()}};
  for (const Digest& id : diff_ids) result["rootfs"]["diff_ids"].push_back(id.str());
  Json history = canonical_history(config, diff_ids.size(), form);
  if (!history.is_null()) result["history"] = std::move(history);
  return result;
}

Json to_json(const Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type},
          {"digest", descriptor.digest.str()},
          {"size", descriptor.size}};
}

/// Docker's names of layer types in OCI's words; the bytes are the same.
std::string oci_layer_type(const std::string& type) {
  constexpr std::string_view prefix = "application/vnd.oci.image.layer.v1.tar";
  if (type == "application/vnd.docker.image.rootfs.diff.tar.gzip")
    return std::string(prefix) + "+gzip";
  if (type == "application/vnd.docker.image.rootfs.diff.tar.zstd")
    return std::string(prefix) + "+zstd";
  if (type == "application/vnd.docker.image.rootfs.diff.tar") return std::string(prefix);
  return type;
}

/// An image as its manifest and configuration tell of it.
struct Image {
  Manifest manifest;
  Json config;
  std::vector<Digest> diff_ids;
};

Image read_image(const Store& store, const Descriptor& descriptor) {
  Image image{parse_manifest(store.read(descriptor)), {}, {}};
  const std::string text = store.read(image.manifest.config);
  parse_image_config(text);
  image.config = Json::parse(text);
  image.diff_ids = diff_ids_of(image.config);
  if (image.diff_ids.size() != image.manifest.layers.size()) {
    throw Error("image " + descriptor.digest.str() + " has " +
                std::to_string(image.manifest.layers.size()) +
                " layers, but its configuration has " + std::to_string(image.diff_ids.size()));
  }
  return image;
}

}  // namespace

Descriptor canonicalize(const Store& from, const Descriptor& descriptor, Store& to,
                        const CanonicalForm& form, std::stop_token stop) {
  if (form.timestamp < 0)
    throw Error("images have no times before 1970: " + std::to_string(form.timestamp));
  return in_context("image " + descriptor.digest.str(), [&] {
    std::map<Digest, Descriptor> known;
    for (const Descriptor& base : form.bases) {
      const Image image = read_image(to, base);
      for (std::size_t i = 0; i < image.diff_ids.size(); ++i) {
        Descriptor layer = image.manifest.layers[i];
        layer.media_type = oci_layer_type(layer.media_type);
        known.emplace(image.diff_ids[i], std::move(layer));
      }
    }
    const Image image = read_image(from, descriptor);
    std::vector<Digest> diff_ids;
    Json layers = Json::array();
    for (std::size_t i = 0; i < image.diff_ids.size(); ++i) {
      const auto base = known.find(image.diff_ids[i]);
      if (base != known.end()) {
        diff_ids.push_back(base->first);
        layers.push_back(to_json(base->second));
        continue;
      }
      const CanonicalLayer layer =
          canonicalize_layer(from, image.manifest.layers[i], to, form.timestamp, stop);
      diff_ids.push_back(layer.diff_id);
      layers.push_back(to_json(layer.blob));
    }

    const std::string config_text = canonical_config(image.config, diff_ids, form).dump();
    const ImageConfig config = parse_image_config(config_text);
    const Json manifest = {{"schemaVersion", 2},
                           {"mediaType", media_type_manifest},
                           {"config", to_json(to.put(config_text, media_type_config))},
                           {"layers", layers}};
    Descriptor result = to.put(manifest.dump(), media_type_manifest);
    const auto variant = image.config.find("variant");
    const bool named = variant != image.config.end() && variant->is_string();
    result.platform =
        Platform{config.os, config.architecture, named ? variant->get<std::string>() : ""};
    return result;
  });
}

}  // namespace rtfx::oci
