// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/sign/base64.hpp"
#include "harness/sign/bundle.hpp"
#include "harness/sign/key_source.hpp"
#include "harness/sign/simple_signing.hpp"
#include "harness/sign/test_keys.hpp"

namespace rtfx::sign {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

std::shared_ptr<const PrivateKey> key_of(const char* pem) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "key.pem", pem, 0600);
  return load_private_key((folder.path() / "key.pem").string());
}

template <typename Body>
std::string failure(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing is wrong";
}

const Digest some = Digest::of("an image");

TEST(SimpleSigning, PayloadIsThatOfCosign) {
  const std::string payload = format_claim({"registry.example.org/demo/one", some});
  EXPECT_EQ(payload,
            "{\"critical\":{\"identity\":{\"docker-reference\":\"registry.example.org/demo/one\"},"
            "\"image\":{\"docker-manifest-digest\":\"" +
                some.str() +
                "\"},\"type\":\"cosign container image signature\"},\"optional\":null}");
  EXPECT_EQ(parse_claim(payload), (Claim{"registry.example.org/demo/one", some}));
}

TEST(SimpleSigning, PayloadWithOtherFieldsIsRefused) {
  const std::string good = format_claim({"r/x", some});
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"optional\"", "\"extra\""},
           {"cosign container", "atomic container"},
           {"docker-manifest-digest", "Docker-manifest-digest"},
           {"sha256:", "md5:"},
           {"\"r/x\"", "7"},
           {"{\"critical\"", "[{\"critical\""}}) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_NE(failure([&] { parse_claim(bad); }), "nothing is wrong") << bad;
  }
}

TEST(SimpleSigning, ManifestHasEveryFieldOfCosigns) {
  const std::string payload = format_claim({"r/x", some});
  const SignedPayload layer = signed_payload(payload, "signature bytes");
  const Json manifest = Json::parse(signature_manifest({layer}));
  EXPECT_EQ(manifest.size(), 4U);
  EXPECT_EQ(manifest["schemaVersion"], 2);
  EXPECT_EQ(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
  const std::string config = signature_config({layer});
  // The size that every manifest of cosign with one signature has.
  EXPECT_EQ(config.size(), 233U);
  EXPECT_EQ(manifest["config"], (Json{{"mediaType", "application/vnd.oci.image.config.v1+json"},
                                      {"size", 233},
                                      {"digest", Digest::of(config).str()}}));
  EXPECT_EQ(manifest["layers"],
            Json::array({{{"mediaType", "application/vnd.dev.cosign.simplesigning.v1+json"},
                          {"size", payload.size()},
                          {"digest", Digest::of(payload).str()},
                          {"annotations",
                           {{"dev.cosignproject.cosign/signature", base64("signature bytes")}}}}}));
  EXPECT_EQ(signature_tag(some), "sha256-" + some.hex() + ".sig");
}

TEST(SimpleSigning, SignaturesOfOthersStay) {
  SignedPayload other = signed_payload("their payload", "theirs");
  other.payload.annotations["dev.sigstore.cosign/certificate"] = "PEM";
  const std::string manifest = signature_manifest({other, signed_payload("our payload", "ours")});
  const std::vector<SignedPayload> read = parse_signatures(manifest);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].signature, "theirs");
  EXPECT_EQ(read[0].payload.annotations, other.payload.annotations);
  EXPECT_EQ(signature_manifest(read), manifest);
}

TEST(Dsse, EncodesAsItsSpecificationSays) {
  EXPECT_EQ(pre_authentication_encoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(pre_authentication_encoding("", ""), "DSSEv1 0  0 ");
}

TEST(Dsse, VerifiesTheSignatureOfItsSpecification) {
  // protocol.md, "Test Vectors": r and s, which the specification shows raw.
  const std::string raw = *from_base64(
      "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==");
  const std::string der = std::string("\x30\x44\x02\x20", 4) + raw.substr(0, 32) +
                          std::string("\x02\x20", 2) + raw.substr(32);
  const PublicKey key = PublicKey::from_pem(p256_dsse_public, "dsse");
  Bundle bundle{"http://example.com/HelloWorld", "hello world", der, ""};
  EXPECT_TRUE(bundle.signed_by(key));
  bundle.payload_type = "http://example.com/helloWorld";
  EXPECT_FALSE(bundle.signed_by(key));
}

TEST(Bundle, HasEveryFieldOfSigstores) {
  const auto key = key_of(ed25519_rfc8032);
  const std::string text = make_bundle(*key, media_type_in_toto, "{}");
  EXPECT_EQ(text, make_bundle(*key, media_type_in_toto, "{}")) << "Ed25519 is deterministic";
  const Json json = Json::parse(text);
  const std::string hint = key->public_key().hint();
  EXPECT_EQ(json.size(), 3U);
  EXPECT_EQ(json["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
  EXPECT_EQ(json["verificationMaterial"], (Json{{"publicKey", {{"hint", hint}}}}));
  const Json& envelope = json["dsseEnvelope"];
  EXPECT_EQ(envelope["payload"], "e30=");
  EXPECT_EQ(envelope["payloadType"], "application/vnd.in-toto+json");
  ASSERT_EQ(envelope["signatures"].size(), 1U);
  EXPECT_EQ(envelope["signatures"][0]["keyid"], hint);
  EXPECT_TRUE(parse_bundle(text).signed_by(key->public_key()));
}

TEST(Bundle, IsSignedByNobodyElse) {
  const auto ours = key_of(p256_plain);
  const auto theirs = key_of(ed25519_rfc8032);
  Bundle bundle = parse_bundle(make_bundle(*ours, media_type_in_toto, "payload"));
  EXPECT_TRUE(bundle.signed_by(ours->public_key()));
  EXPECT_FALSE(bundle.signed_by(theirs->public_key()));
  bundle.payload[0] ^= 1;
  EXPECT_FALSE(bundle.signed_by(ours->public_key()));
}

TEST(Bundle, WhatIsNoBundleIsToldPrecisely) {
  const Json good =
      Json::parse(make_bundle(*key_of(ed25519_rfc8032), media_type_in_toto, "payload"));
  const auto with = [&](const char* where, const Json& value) {
    Json bad = good;
    bad[Json::json_pointer(where)] = value;
    return failure([&] { parse_bundle(bad.dump()); });
  };
  EXPECT_THAT(failure([] { parse_bundle("{"); }), HasSubstr("not sigstore's JSON"));
  EXPECT_THAT(with("/mediaType", "text/plain"), HasSubstr("another type"));
  EXPECT_THAT(with("/dsseEnvelope/payload", "?"), HasSubstr("payload is not base64"));
  EXPECT_THAT(with("/dsseEnvelope/signatures", Json::array()), HasSubstr("exactly one signature"));
  EXPECT_THAT(with("/dsseEnvelope/signatures/0/sig", 7), HasSubstr("not sigstore's JSON"));
  Json message = good;
  message.erase("dsseEnvelope");
  EXPECT_THAT(failure([&] { parse_bundle(message.dump()); }), HasSubstr("no DSSE envelope"));
}

TEST(Bundle, ManifestRefersToItsSubject) {
  const oci::Descriptor index{std::string(oci::media_type_index), some, 7, {}, {}};
  const oci::Descriptor bundle{std::string(media_type_bundle), Digest::of("b"), 1, {}, {}};
  const Json json = Json::parse(bundle_manifest(bundle, index, "https://slsa.dev/provenance/v1"));
  EXPECT_EQ(json["artifactType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
  EXPECT_EQ(json["config"]["mediaType"], "application/vnd.oci.empty.v1+json");
  EXPECT_EQ(json["config"]["digest"],
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  EXPECT_EQ(json["config"]["size"], 2);
  EXPECT_EQ(json["layers"].size(), 1U);
  EXPECT_EQ(json["subject"],
            (Json{{"mediaType", oci::media_type_index}, {"digest", some.str()}, {"size", 7}}));
  EXPECT_EQ(json["annotations"],
            (Json{{"dev.sigstore.bundle.content", "dsse-envelope"},
                  {"dev.sigstore.bundle.predicateType", "https://slsa.dev/provenance/v1"}}));
}

}  // namespace
}  // namespace rtfx::sign
