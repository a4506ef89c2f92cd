// SPDX-License-Identifier: Apache-2.0
//
// Publishing what was decided, in this order: everything by digest; evidence; TAG-ARCH; TAG; the names of the release; the
// release record; `latest`, the commit point. Each step is in the journal before it is begun. Doing it again writes only
// what is missing.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ci/publish/journal.hpp"
#include "ci/publish/record.hpp"
#include "ci/publish/target.hpp"

namespace rtfx::publish {

/// One package as it ships: the tested manifests under one tag.
struct Shipment {
  std::string repository;                            ///< "linuxkit/redis"
  std::string tag;                                   ///< git tree hash
  std::map<std::string, oci::Descriptor> manifests;  ///< by arch
};

/// Something that speaks about a subject; it is in the store, with its blobs.
struct Attachment {
  oci::Descriptor manifest;
  Digest subject;
  std::string tag;  ///< "sha256-….sig" (cosign, "Signature Specification"), or "" for a referrer
};

/// Makes what is attached to an index (or to the record) before a tag shows it. `tested`: the manifests of it that this
/// release has tested (empty for a record); others are of others. Puts what it makes into the store. What the target has already and that
/// is still right must come out with the same bytes, so that publishing again writes nothing. Called by several threads at once.
using Evidence = std::function<std::vector<Attachment>(
    Target& target, oci::Store& store, const std::string& repository,
    const registry::Document& document, const std::vector<oci::Descriptor>& tested)>;

/// What is to be published.
struct Order {
  std::string id;                   ///< of the release, for the journal
  std::string org;                  ///< the record is in ORG/releases
  std::vector<Shipment> shipments;  ///< all of them are in the store
  std::vector<std::string> names;   ///< --release
  bool allow_shrink = false;        ///< indexes list exactly our arches
  Outcome outcome;                  ///< for the record
  std::filesystem::path locks;      ///< where publishers of one host wait for each other
};

/// A shipment that is in the target now.
struct Published {
  std::string ref;  ///< org/image:tag
  Digest index;
  std::map<std::string, Digest> manifests;  ///< ours, by arch
  std::vector<std::string> arches;          ///< all that the index has
  bool changed = true;                      ///< false: the target had exactly this
};

/// What publish() came to.
struct Publication {
  std::vector<Published> images;
  std::string record;  ///< "demo/releases:r-0123456789ab"
  Digest record_digest = Digest::of("");
  bool changed = true;  ///< false: nothing was written
};

/// Told when there is something to wait for.
using Say = std::function<void(const std::string&)>;

/// Publishes. Throws Error; then no tag names anything incomplete or without its evidence, and the same order goes on from
/// where it ended. Throws Error before anything is written when a name would lose an arch (and --allow-shrink is not given).
Publication publish(const Order& order, Target& target, oci::Store& store, Journal& journal,
                    const Evidence& evidence, const Say& say);

}  // namespace rtfx::publish
