// SPDX-License-Identifier: Apache-2.0
#include "harness/sign/bundle.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "harness/sign/base64.hpp"

namespace rtfx::sign {
namespace {

using Json = nlohmann::ordered_json;

std::string decoded(const Json& text, const char* what) {
  const std::optional<std::string> bytes = from_base64(text.get<std::string>());
  if (!bytes) throw Error(std::string("the bundle's ") + what + " is not base64");
  return *bytes;
}

Json reference_to(const oci::Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type},
          {"digest", descriptor.digest.str()},
          {"size", descriptor.size}};
}

}  // namespace

std::string pre_authentication_encoding(std::string_view type, std::string_view body) {
  std::string text = "DSSEv1 " + std::to_string(type.size()) + " ";
  text.append(type);
  text += " " + std::to_string(body.size()) + " ";
  text.append(body);
  return text;
}

std::string make_bundle(const PrivateKey& key, std::string_view payload_type,
                        std::string_view payload) {
  const std::string hint = key.public_key().hint();
  const std::string signature = key.sign(pre_authentication_encoding(payload_type, payload));
  // "the key hints MUST be exactly the same in the verification material and in the DSSE envelope"
  const Json bundle = {
      {"mediaType", media_type_bundle},
      {"verificationMaterial", {{"publicKey", {{"hint", hint}}}}},
      {"dsseEnvelope",
       {{"payload", base64(payload)},
        {"payloadType", payload_type},
        {"signatures", Json::array({{{"sig", base64(signature)}, {"keyid", hint}}})}}}};
  return bundle.dump();
}

bool Bundle::signed_by(const PublicKey& key) const {
  return key.verify(pre_authentication_encoding(payload_type, payload), signature);
}

Bundle parse_bundle(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    const auto media_type = json.at("mediaType").get<std::string>();
    if (media_type != media_type_bundle &&
        !media_type.starts_with("application/vnd.dev.sigstore.bundle+json;version=0."))
      throw Error("the bundle is of another type than sigstore's: " + media_type);
    if (!json.contains("dsseEnvelope")) throw Error("the bundle holds no DSSE envelope");
    const Json& envelope = json.at("dsseEnvelope");
    const Json& signatures = envelope.at("signatures");
    if (!signatures.is_array() || signatures.size() != 1)
      throw Error("the bundle's envelope has not exactly one signature");
    Bundle bundle{envelope.at("payloadType").get<std::string>(),
                  decoded(envelope.at("payload"), "payload"),
                  decoded(signatures.at(0).at("sig"), "signature"), ""};
    const Json::json_pointer hint("/verificationMaterial/publicKey/hint");
    if (json.contains(hint)) bundle.hint = json.at(hint).get<std::string>();
    return bundle;
  } catch (const Json::exception&) {
    throw Error("the bundle is not sigstore's JSON");
  }
}

std::string bundle_manifest(const oci::Descriptor& bundle, const oci::Descriptor& subject,
                            std::string_view predicate_type) {
  const oci::Descriptor config{
      std::string(media_type_empty), Digest::of(empty_config), empty_config.size(), {}, {}};
  const Json manifest = {{"schemaVersion", 2},
                         {"mediaType", oci::media_type_manifest},
                         {"artifactType", media_type_bundle},
                         {"config", reference_to(config)},
                         {"layers", Json::array({reference_to(bundle)})},
                         {"subject", reference_to(subject)},
                         {"annotations",
                          {{std::string(annotation_content), "dsse-envelope"},
                           {std::string(annotation_predicate_type), predicate_type}}}};
  return manifest.dump();
}

}  // namespace rtfx::sign
