// SPDX-License-Identifier: Apache-2.0
//
// Manifests that are about another one, their subject: signatures, statements (OCI distribution-spec 1.1, "Listing
// Referrers", "Pushing Manifests with Subject"). Where the registry has no API for them, the index under the tag
// sha256-<hex of the subject> lists them ("Referrers Tag Schema").
#pragma once

#include <filesystem>
#include <vector>

#include "harness/registry/registry.hpp"

namespace rtfx::registry {

struct Referrer {
  oci::Reference repository;
  Document manifest;  ///< names the subject itself; its blobs are in the repository
  Digest subject;
};

/// Writes the manifests by digest and makes the registry list each among the referrers of its subject. One that is
/// listed already is not written. Other referrers stay, also those that others write at the same time (tag_update.hpp);
/// `locks` as there. Throws Error when a manifest does not name that subject.
void put_referrers(Client& client, const std::vector<Referrer>& referrers,
                   const std::filesystem::path& locks);

/// The tag that lists the referrers where there is no API: "sha256-<hex>".
std::string referrers_tag(const Digest& subject);

}  // namespace rtfx::registry
