// SPDX-License-Identifier: Apache-2.0
//
// Signed statements: a DSSE envelope (secure-systems-lab/dsse, "protocol.md", v1.0.2) within a sigstore bundle v0.3
// (sigstore/protobuf-specs, "sigstore_bundle.proto"), attached to an image as a referrer (sigstore/cosign,
// "specs/BUNDLE_SPEC.md").
#pragma once

#include <string>
#include <string_view>

#include "harness/oci/descriptor.hpp"
#include "harness/sign/key.hpp"

namespace rtfx::sign {

inline constexpr std::string_view media_type_bundle =
    "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr std::string_view media_type_in_toto = "application/vnd.in-toto+json";
inline constexpr std::string_view media_type_empty = "application/vnd.oci.empty.v1+json";
/// The bytes of the empty config (OCI image-spec, "Guidance for an Empty Descriptor").
inline constexpr std::string_view empty_config = "{}";
inline constexpr std::string_view annotation_predicate_type = "dev.sigstore.bundle.predicateType";
inline constexpr std::string_view annotation_content = "dev.sigstore.bundle.content";

/// What is signed in place of the payload: DSSE's Pre-Authentication Encoding.
std::string pre_authentication_encoding(std::string_view type, std::string_view body);

/// The bundle with an envelope around `payload`, signed. One line of JSON.
std::string make_bundle(const PrivateKey& key, std::string_view payload_type,
                        std::string_view payload);

/// A bundle as it was read; nothing in it is to be trusted before signed_by().
struct Bundle {
  std::string payload_type, payload;  ///< decoded
  std::string signature;              ///< raw
  std::string hint;                   ///< which key it is said to be, or ""

  bool signed_by(const PublicKey& key) const;
};
/// Throws Error, one line, when it is no bundle with a DSSE envelope of one signature.
Bundle parse_bundle(std::string_view json);

/// The manifest that attaches a bundle to `subject`; its config is the empty one.
std::string bundle_manifest(const oci::Descriptor& bundle, const oci::Descriptor& subject,
                            std::string_view predicate_type);

}  // namespace rtfx::sign
