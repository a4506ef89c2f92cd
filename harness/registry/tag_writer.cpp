// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/tag_writer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/oci/index_merge.hpp"
#include "harness/registry/client_state.hpp"
#include "harness/registry/tag_lock.hpp"

namespace rtfx::registry {

namespace {

oci::Index index_at(Client& client, const oci::Reference& tag,
                    const std::optional<Document>& document) {
  if (!document) return {};
  if (is_index(document->descriptor)) return oci::parse_index(document->bytes);
  return {entries_of(client, tag, *document), {}};
}

/// What the tag should stand for, or nullopt when it has all of ours.
std::optional<Document> merged_document(Client& client, const TagMerge& merge,
                                        const std::optional<Document>& now) {
  const oci::Index there = index_at(client, merge.tag, now);
  const oci::Index wanted = oci::merged(there, merge.ours);
  const bool in_index = now && is_index(now->descriptor);
  if (in_index && oci::format_index(wanted) == oci::format_index(there)) return std::nullopt;
  return index_document(wanted, in_index ? now->bytes : "");
}

using Json = nlohmann::ordered_json;

/// Gives `to` the members of `from` that it lacks, but for those that rtfx knows: one of these is missing on purpose.
void adopt(Json& to, const Json& from, std::initializer_list<std::string_view> known) {
  if (!from.is_object()) return;
  for (const auto& [name, value] : from.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) to[name] = value;
  }
}

std::string with_unknown_members(const std::string& index, const std::string& before) {
  Json json = Json::parse(index);
  const Json old = Json::parse(before);
  for (Json& entry : json["manifests"]) {
    const auto same = [&](const Json& other) { return other["digest"] == entry["digest"]; };
    const auto it = std::find_if(old["manifests"].begin(), old["manifests"].end(), same);
    if (it == old["manifests"].end()) continue;
    adopt(entry, *it, {"mediaType", "digest", "size", "platform", "annotations"});
    if (entry.contains("platform") && it->contains("platform"))
      adopt(entry["platform"], (*it)["platform"], {"os", "architecture", "variant"});
  }
  adopt(json, old, {"schemaVersion", "mediaType", "manifests", "annotations"});
  return json.dump();
}

}  // namespace

Document index_document(const oci::Index& index, const std::string& before) {
  std::string bytes = oci::format_index(index);
  if (!before.empty()) bytes = with_unknown_members(bytes, before);
  oci::Descriptor descriptor{
      std::string(oci::media_type_index), Digest::of(bytes), bytes.size(), std::nullopt, {}};
  return {std::move(descriptor), std::move(bytes)};
}

std::vector<oci::Descriptor> entries_of(Client& client, const oci::Reference& reference,
                                        const Document& document) {
  if (is_index(document.descriptor)) return oci::parse_index(document.bytes).manifests;
  oci::Descriptor image = document.descriptor;
  if (image.platform) return {image};
  image.platform = client.platform_of(reference, document);
  return {image};
}

std::vector<std::string> arches_of(const std::vector<oci::Descriptor>& entries) {
  std::vector<std::string> result;
  for (const oci::Descriptor& entry : entries) {
    if (oci::is_attestation(entry) || !entry.platform) continue;
    const std::string& arch = entry.platform->architecture;
    if (std::find(result.begin(), result.end(), arch) == result.end()) result.push_back(arch);
  }
  return result;
}

std::vector<Pushed> merge_into_tags(Client& client, const std::vector<TagMerge>& merges,
                                    const std::filesystem::path& locks) {
  std::vector<TagUpdate> updates;
  for (const TagMerge& merge : merges)
    updates.push_back({merge.tag,
                       [&client, &merge](const std::optional<Document>& now) {
                         return merged_document(client, merge, now);
                       },
                       merge.before});
  const std::vector<TagUpdated> updated = update_tags(client, updates, locks);
  std::vector<Pushed> result;
  for (std::size_t i = 0; i < updated.size(); ++i)
    result.push_back({merges[i].tag.familiar(), updated[i].change,
                      updated[i].document.descriptor.digest,
                      arches_of(oci::parse_index(updated[i].document.bytes).manifests)});
  return result;
}

Pushed merge_into_tag(Client& client, const oci::Reference& tag,
                      const std::vector<oci::Descriptor>& ours, const std::filesystem::path& locks,
                      const BeforeTagged& before) {
  return merge_into_tags(client, {{tag, ours, before}}, locks).front();
}

Pushed set_tag(Client& client, const oci::Reference& tag, const Document& document,
               const std::filesystem::path& locks) {
  const TagLock lock(client, locks, tag);
  Pushed::Change change = Pushed::Change::unchanged;
  std::optional<Pushed::Change> first;
  client.patiently([&] {
    const std::optional<oci::Descriptor> before = client.published_descriptor(tag);
    change = Pushed::Change::unchanged;
    if (before && before->digest == document.descriptor.digest) return;
    change = before ? Pushed::Change::updated : Pushed::Change::created;
    if (!first) first = change;
    client.put_manifest(tag, document);
  });
  const std::optional<oci::Descriptor> after = client.published_descriptor(tag);
  if (!after || after->digest != document.descriptor.digest)
    throw Error("writing " + tag.familiar() + ": the registry says that it stands for " +
                (after ? after->digest.str() : "nothing") + " now instead of " +
                document.descriptor.digest.str() + "; does somebody else write to it?");
  return {tag.familiar(), first.value_or(change), document.descriptor.digest,
          arches_of(entries_of(client, tag, document))};
}

}  // namespace rtfx::registry
