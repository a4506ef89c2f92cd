// SPDX-License-Identifier: Apache-2.0
//
// Signatures of images as cosign keeps them in registries (sigstore/cosign, "specs/SIGNATURE_SPEC.md"): a payload that
// names the image's digest is a layer of an image manifest, tagged sha256-<hex>.sig; the signature is an annotation of
// the layer. skopeo, podman and CRI-O read the same (containers-policy.json(5), "sigstoreSigned").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "harness/oci/descriptor.hpp"
#include "harness/sign/key.hpp"

namespace rtfx::sign {

inline constexpr std::string_view media_type_simple_signing =
    "application/vnd.dev.cosign.simplesigning.v1+json";
inline constexpr std::string_view media_type_image_config =
    "application/vnd.oci.image.config.v1+json";

/// What a payload claims: the manifest or index `digest` is the content of `reference`, a repository without tag
/// ("registry.example.org/linuxkit/redis").
struct Claim {
  std::string reference;
  Digest digest;
  bool operator==(const Claim&) const = default;
};

/// The bytes that cosign signs for it.
std::string format_claim(const Claim& claim);
/// Throws Error unless the payload has exactly the fields of cosign's.
Claim parse_claim(std::string_view payload);

/// "sha256-<hex>.sig": the tag of the signatures of this manifest.
std::string signature_tag(const Digest& manifest);

/// One layer of a signature manifest.
struct SignedPayload {
  oci::Descriptor payload;  ///< the layer with all its annotations
  std::string signature;    ///< raw
};

/// The layer for a payload and its raw signature.
SignedPayload signed_payload(std::string_view payload, const std::string& signature);

/// The layers of a signature manifest that are signatures. Throws Error when it is no manifest.
std::vector<SignedPayload> parse_signatures(std::string_view manifest);

/// The image configuration of a signature manifest with these layers, as cosign writes it.
std::string signature_config(const std::vector<SignedPayload>& layers);
/// The signature manifest with these layers, as cosign writes it; its config is signature_config() of them.
std::string signature_manifest(const std::vector<SignedPayload>& layers);

}  // namespace rtfx::sign
