// SPDX-License-Identifier: Apache-2.0
#include "harness/sign/simple_signing.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "harness/sign/base64.hpp"

namespace rtfx::sign {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* signature_annotation = "dev.cosignproject.cosign/signature";
constexpr const char* signature_type = "cosign container image signature";
/// Go's zero time: cosign's manifests carry no time unless it is asked for.
constexpr const char* no_time = "0001-01-01T00:00:00Z";

void require_fields(const Json& object, const std::set<std::string>& names, const char* where) {
  std::set<std::string> found;
  if (object.is_object()) {
    for (const auto& [name, value] : object.items()) found.insert(name);
  }
  if (found != names)
    throw Error(std::string("the signed payload has other fields than cosign's in ") + where);
}

Json as_json(const oci::Descriptor& descriptor) {
  Json json = {{"mediaType", descriptor.media_type},
               {"size", descriptor.size},
               {"digest", descriptor.digest.str()}};
  if (!descriptor.annotations.empty()) json["annotations"] = descriptor.annotations;
  return json;
}

}  // namespace

std::string format_claim(const Claim& claim) {
  const Json payload = {{"critical",
                         {{"identity", {{"docker-reference", claim.reference}}},
                          {"image", {{"docker-manifest-digest", claim.digest.str()}}},
                          {"type", signature_type}}},
                        {"optional", nullptr}};
  return payload.dump();
}

Claim parse_claim(std::string_view payload) {
  try {
    const Json json = Json::parse(payload);
    require_fields(json, {"critical", "optional"}, "the payload");
    const Json& critical = json.at("critical");
    require_fields(critical, {"identity", "image", "type"}, "critical");
    require_fields(critical.at("identity"), {"docker-reference"}, "critical.identity");
    require_fields(critical.at("image"), {"docker-manifest-digest"}, "critical.image");
    if (critical.at("type").get<std::string>() != signature_type)
      throw Error("the signed payload is of another type than cosign's");
    return {critical.at("identity").at("docker-reference").get<std::string>(),
            Digest::parse(critical.at("image").at("docker-manifest-digest").get<std::string>())};
  } catch (const Json::exception&) {
    throw Error("the signed payload is not cosign's JSON");
  }
}

std::string signature_tag(const Digest& manifest) { return "sha256-" + manifest.hex() + ".sig"; }

SignedPayload signed_payload(std::string_view payload, const std::string& signature) {
  return {{std::string(media_type_simple_signing),
           Digest::of(payload),
           payload.size(),
           {},
           {{signature_annotation, base64(signature)}}},
          signature};
}

std::vector<SignedPayload> parse_signatures(std::string_view manifest) {
  std::vector<SignedPayload> signatures;
  for (const oci::Descriptor& layer : oci::parse_manifest(manifest).layers) {
    const auto annotation = layer.annotations.find(signature_annotation);
    if (layer.media_type != media_type_simple_signing || annotation == layer.annotations.end())
      continue;
    // What is not base64 is a signature of nobody, but a layer that is kept.
    signatures.push_back({layer, from_base64(annotation->second).value_or("")});
  }
  return signatures;
}

std::string signature_config(const std::vector<SignedPayload>& layers) {
  Json history = Json::array();
  Json diff_ids = Json::array();
  for (const SignedPayload& layer : layers) {
    history.push_back({{"created", no_time}});
    diff_ids.push_back(layer.payload.digest.str());
  }
  const Json config = {{"architecture", ""},
                       {"created", no_time},
                       {"history", std::move(history)},
                       {"os", ""},
                       {"rootfs", {{"type", "layers"}, {"diff_ids", std::move(diff_ids)}}},
                       {"config", Json::object()}};
  return config.dump();
}

std::string signature_manifest(const std::vector<SignedPayload>& layers) {
  const std::string config = signature_config(layers);
  Json manifest = {
      {"schemaVersion", 2},
      {"mediaType", oci::media_type_manifest},
      {"config",
       as_json({std::string(media_type_image_config), Digest::of(config), config.size(), {}, {}})},
      {"layers", Json::array()}};
  for (const SignedPayload& layer : layers) manifest["layers"].push_back(as_json(layer.payload));
  return manifest.dump();
}

}  // namespace rtfx::sign
