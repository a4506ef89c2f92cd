// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/steps.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <regex>

#include "base/text.hpp"
#include "harness/oci/index_merge.hpp"
#include "harness/oci/store_files.hpp"
#include "harness/registry/parallel.hpp"
#include "harness/registry/tag_writer.hpp"

namespace rtfx::publish {
namespace {

/// The entries of an index; an image as its only one, with its platform.
std::vector<oci::Descriptor> entries_of(Target& target, const std::string& repository,
                                        const registry::Document& document) {
  if (oci::is_index(document.descriptor)) return oci::parse_index(document.bytes).manifests;
  oci::Descriptor image = document.descriptor;
  const oci::ImageConfig config = oci::parse_image_config(
      target.read_blob(repository, oci::parse_manifest(document.bytes).config));
  image.platform = oci::Platform{config.os, config.architecture, ""};
  return {image};
}

/// The index that the tag should stand for: `before` with ours in place of what it has for their platforms.
registry::Document wanted_index(const Order& order, Target& target, const Item& item,
                                const std::optional<registry::Document>& before) {
  if (!before || order.allow_shrink) return registry::index_document(oci::merged({}, item.tested));
  const bool in_index = oci::is_index(before->descriptor);
  const oci::Index there =
      in_index ? oci::parse_index(before->bytes)
               : oci::Index{entries_of(target, item.shipment->repository, *before), {}};
  const oci::Index wanted = oci::merged(there, item.tested);
  if (in_index && oci::format_index(wanted) == oci::format_index(there)) return *before;
  return registry::index_document(wanted, in_index ? before->bytes : "");
}

/// The arches that `before` has and `after` has not.
std::vector<std::string> lost_arches(const std::vector<oci::Descriptor>& before,
                                     const std::vector<oci::Descriptor>& after) {
  const std::vector<std::string> kept = registry::arches_of(after);
  std::vector<std::string> lost;
  for (const std::string& arch : registry::arches_of(before))
    if (std::find(kept.begin(), kept.end(), arch) == kept.end()) lost.push_back(arch);
  return lost;
}

/// A name never moves to an index that lacks an arch that it had.
void refuse_to_shrink(Target& target, const Item& item, const std::string& name,
                      const std::optional<Digest>& now) {
  if (!now || now == item.index.descriptor.digest) return;
  const std::string& repository = item.shipment->repository;
  const std::optional<registry::Document> before = target.current(repository, now->str());
  if (!before) return;
  const std::vector<std::string> lost = lost_arches(entries_of(target, repository, *before),
                                                    oci::parse_index(item.index.bytes).manifests);
  if (lost.empty()) return;
  throw Error(
      target.ref(repository, name) + " has " + text::join(lost, ", ") + ", which " + repository +
      ":" + item.shipment->tag +
      " lacks; publish it for that arch too, or say --allow-shrink to let the name lose it");
}

/// The tag of an image that stands for a release: its name, in the place of the hash. "abc…" -> "v1", and
/// "6.12-firecracker-abc…" -> "6.12-firecracker-v1", since one release may have several kernels.
std::string tag_of_name(const std::string& tag, const std::string& name) {
  static const std::regex hash("(.*-)?([0-9a-f]{40}|[0-9a-f]{64})(-dirty-[0-9a-f]+)?");
  std::smatch parts;
  return std::regex_match(tag, parts, hash) ? parts.str(1) + name : name;
}

/// Two images of one repository cannot have one tag for a name.
void refuse_shared_names(const Order& order) {
  for (const std::string& name : order.names) {
    std::map<std::string, std::string> holders;
    for (const Shipment& shipment : order.shipments) {
      const std::string ref = shipment.repository + ":" + tag_of_name(shipment.tag, name);
      const auto [holder, is_new] = holders.emplace(ref, shipment.tag);
      if (!is_new)
        throw Error("the name " + name + " would make " + ref + " stand for two images, tagged " +
                    holder->second + " and " + shipment.tag);
    }
  }
}

void look_at(const Order& order, Target& target, Item& item) {
  const Shipment& shipment = *item.shipment;
  const auto before = target.current(shipment.repository, shipment.tag);
  if (before) item.before = before->descriptor.digest;
  item.index = wanted_index(order, target, item, before);
  for (const auto& [arch, manifest] : shipment.manifests)
    item.arch_tags[arch] = target.current_digest(shipment.repository, shipment.tag + "-" + arch);
  for (const std::string& name : order.names) {
    const std::string tag = tag_of_name(shipment.tag, name);
    item.names[tag] = target.current_digest(shipment.repository, tag);
    if (!order.allow_shrink) refuse_to_shrink(target, item, tag, item.names[tag]);
  }
}

std::vector<Item> items_of(const Order& order) {
  std::vector<Item> items;
  for (const Shipment& shipment : order.shipments) {
    Item item;
    item.shipment = &shipment;
    for (const auto& [arch, manifest] : shipment.manifests) {
      oci::Descriptor child = manifest;
      child.platform = oci::Platform{"linux", arch, ""};
      child.annotations.clear();
      item.tested.push_back(std::move(child));
    }
    items.push_back(std::move(item));
  }
  return items;
}

Record record_of(const Order& order, const std::vector<Item>& items) {
  Record record;
  record.outcome = order.outcome;
  for (const Item& item : items) {
    RecordImage image{item.shipment->repository + ":" + item.shipment->tag,
                      item.index.descriptor.digest,
                      item.index.descriptor.size,
                      {}};
    for (const auto& [arch, manifest] : item.shipment->manifests)
      image.tested.emplace(arch, manifest.digest);
    record.images.push_back(std::move(image));
  }
  return record;
}

void add(Phase& phase, const std::string& repository, const std::string& tag,
         const std::optional<Digest>& now, const registry::Document& document) {
  if (now == document.descriptor.digest) return;
  phase.steps.push_back({{repository, tag, now, document.descriptor.digest}, document});
}

void add_steps(Plan& plan, const oci::Store& store) {
  plan.arch_tags.what = "arch tags";
  plan.index_tags = {"index tags", true, {}};
  plan.names = {"names", true, {}};
  for (const Item& item : plan.items) {
    const Shipment& shipment = *item.shipment;
    for (const auto& [arch, manifest] : shipment.manifests) {
      const auto& now = item.arch_tags.at(arch);
      if (now != manifest.digest)
        add(plan.arch_tags, shipment.repository, shipment.tag + "-" + arch, now,
            {manifest, store.read(manifest)});
    }
    add(plan.index_tags, shipment.repository, shipment.tag, item.before, item.index);
    for (const auto& [name, now] : item.names)
      add(plan.names, shipment.repository, name, now, item.index);
  }
}

void add_record_steps(Plan& plan, const Order& order, Target& target) {
  const std::string repository = record_repository(order.org);
  plan.record_tags.what = "record tags";
  plan.latest.what = "latest";
  std::vector<std::string> tags{record_tag(plan.record.descriptor.digest)};
  for (const std::string& name : order.names)
    if (name != "latest") tags.push_back(name);
  for (const std::string& tag : tags)
    add(plan.record_tags, repository, tag, target.current_digest(repository, tag), plan.record);
  add(plan.latest, repository, "latest", target.current_digest(repository, "latest"), plan.record);
}

}  // namespace

std::vector<const Phase*> Plan::phases() const {
  return {&arch_tags, &index_tags, &names, &record_tags, &latest};
}

std::vector<Move> Plan::moves() const {
  std::vector<Move> all;
  for (const Phase* phase : phases())
    for (const Step& step : phase->steps) all.push_back(step.move);
  return all;
}

Plan look(const Order& order, Target& target, oci::Store& store) {
  Plan plan;
  refuse_shared_names(order);
  plan.items = items_of(order);
  std::vector<Item*> items;
  for (Item& item : plan.items) items.push_back(&item);
  registry::for_each_in_parallel(items, [&](Item* item) { look_at(order, target, *item); });
  for (const Item& item : plan.items) store.put(item.index.bytes, item.index.descriptor.media_type);
  const oci::Descriptor record = put_record(store, record_of(order, plan.items));
  plan.record = {record, store.read(record)};
  add_steps(plan, store);
  add_record_steps(plan, order, target);
  return plan;
}

}  // namespace rtfx::publish
