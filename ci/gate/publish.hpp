// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ci/gate/journal.hpp"
#include "ci/gate/target.hpp"

namespace rtfx::gate {

/// One package as it ships: the tested manifests under one tag.
struct Shipment {
  std::string repository;                            ///< "linuxkit/redis"
  std::string tag;                                   ///< git tree hash
  std::map<std::string, oci::Descriptor> manifests;  ///< by arch
};

/// A shipment that is in the target now.
struct Published {
  std::string ref;  ///< org/image:tag
  Digest index;
  std::map<std::string, Digest> manifests;  ///< by arch
  bool changed = true;                      ///< false: the target had exactly this
};

/// The index for `ours`, keeping the children of `existing` for platforms that are not ours (others published them).
oci::Index merge_index(const std::map<std::string, oci::Descriptor>& ours,
                       const std::optional<oci::Index>& existing);

/// Uploads everything by digest, untagged; nothing that users see changes. Fills `indexes` of the result with what
/// `publish` will tag.
struct StagedRelease {
  struct Item {
    Shipment shipment;
    oci::Descriptor index;
    bool changed = true;
  };
  std::vector<Item> items;
};
StagedRelease stage(const std::vector<Shipment>& shipments, Target& target, oci::Store& store,
                    Journal& journal);

/// Sets the per-arch tags, then the index tags, then reads every tag back and compares digests. Throws Error when the
/// target says something else than was written.
std::vector<Published> publish(const StagedRelease& staged, Target& target, const oci::Store& store,
                               Journal& journal);

}  // namespace rtfx::gate
