// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/publish.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace rtfx::gate {
namespace {

std::string arch_tag(const Shipment& shipment, const std::string& arch) {
  return shipment.tag + "-" + arch;
}

void check(const Shipment& shipment, const std::string& tag, const Digest& expected,
           Target& target) {
  const std::optional<Digest> found = target.read_back(shipment.repository, tag);
  if (found == expected) return;
  throw Error(target.name() + ": " + shipment.repository + ":" + tag + " is " +
              (found ? found->str() : "not there") + " after " + expected.str() +
              " was written; somebody else may publish there at the same time");
}

}  // namespace

oci::Index merge_index(const std::map<std::string, oci::Descriptor>& ours,
                       const std::optional<oci::Index>& existing) {
  oci::Index merged;
  for (const auto& [arch, manifest] : ours) {
    oci::Descriptor child = manifest;
    child.platform = oci::Platform{"linux", arch, ""};
    child.annotations.clear();
    merged.manifests.push_back(child);
  }
  if (!existing) return merged;
  for (const oci::Descriptor& child : existing->manifests) {
    const bool replaced = child.platform && child.platform->os == "linux" &&
                          ours.contains(child.platform->architecture);
    if (!replaced) merged.manifests.push_back(child);
  }
  return merged;
}

StagedRelease stage(const std::vector<Shipment>& shipments, Target& target, oci::Store& store,
                    Journal& journal) {
  StagedRelease staged;
  for (const Shipment& shipment : shipments) {
    const std::optional<oci::Index> existing =
        target.current_index(shipment.repository, shipment.tag);
    const oci::Index merged = merge_index(shipment.manifests, existing);
    for (const oci::Descriptor& child : merged.manifests) {
      if (!store.complete(child)) target.fetch(shipment.repository, child, store);
    }
    const oci::Descriptor index = store.put(oci::format_index(merged), oci::media_type_index);
    const bool changed = !existing || oci::format_index(*existing) != oci::format_index(merged) ||
                         target.read_back(shipment.repository, shipment.tag) != index.digest;
    if (changed) {
      for (const auto& [arch, manifest] : shipment.manifests)
        target.stage(shipment.repository, store, manifest);
      target.stage(shipment.repository, store, index);
      journal.append("staged", {{"ref", shipment.repository + ":" + shipment.tag},
                                {"index", index.digest.str()}});
    }
    staged.items.push_back({shipment, index, changed});
  }
  return staged;
}

std::vector<Published> publish(const StagedRelease& staged, Target& target, const oci::Store& store,
                               Journal& journal) {
  for (const StagedRelease::Item& item : staged.items) {
    if (!item.changed) continue;
    for (const auto& [arch, manifest] : item.shipment.manifests) {
      target.tag(item.shipment.repository, arch_tag(item.shipment, arch), store, manifest);
    }
  }
  for (const StagedRelease::Item& item : staged.items) {
    if (item.changed) target.tag(item.shipment.repository, item.shipment.tag, store, item.index);
  }
  target.commit();

  std::vector<Published> published;
  for (const StagedRelease::Item& item : staged.items) {
    const Shipment& shipment = item.shipment;
    Published entry{shipment.repository + ":" + shipment.tag, item.index.digest, {}, item.changed};
    for (const auto& [arch, manifest] : shipment.manifests) {
      if (item.changed) check(shipment, arch_tag(shipment, arch), manifest.digest, target);
      entry.manifests.emplace(arch, manifest.digest);
    }
    check(shipment, shipment.tag, item.index.digest, target);
    journal.append("published", {{"ref", entry.ref}, {"index", entry.index.str()}});
    published.push_back(std::move(entry));
  }
  return published;
}

}  // namespace rtfx::gate
