// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/tag_writer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "harness/oci/index_merge.hpp"
#include "harness/registry/client_state.hpp"
#include "harness/registry/tag_lock.hpp"

namespace rtfx::registry {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr unsigned max_rounds = 20;

/// What one round of read, merge and write came to.
struct Round {
  Pushed::Change change = Pushed::Change::unchanged;
  Document written;                     ///< what the tag should stand for now
  std::chrono::milliseconds window{0};  ///< between reading and having written
};

oci::Index index_at(Client& client, const oci::Reference& tag,
                    const std::optional<Document>& document) {
  if (!document) return {};
  if (is_index(document->descriptor)) return oci::parse_index(document->bytes);
  return {entries_of(client, tag, *document), {}};
}

Round merge_once(Client& client, const oci::Reference& tag,
                 const std::vector<oci::Descriptor>& ours) {
  const auto start = Clock::now();
  const std::optional<Document> before = client.published(tag);
  const oci::Index there = index_at(client, tag, before);
  const oci::Index wanted = oci::merged(there, ours);
  const bool in_index = before && is_index(before->descriptor);
  if (in_index && oci::format_index(wanted) == oci::format_index(there))
    return {Pushed::Change::unchanged, *before, 0ms};
  Round round{before ? Pushed::Change::updated : Pushed::Change::created,
              index_document(wanted, in_index ? before->bytes : ""), 0ms};
  client.put_manifest(tag, round.written);
  round.window = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  return round;
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

/// Whether what the tag stands for has all of ours.
bool has_all(Client& client, const oci::Reference& tag, const std::vector<oci::Descriptor>& ours) {
  const std::optional<Document> now = client.published(tag);
  const oci::Index there = index_at(client, tag, now);
  return now && oci::format_index(oci::merged(there, ours)) == oci::format_index(there);
}

/// Long enough for another host that has read what was there before us to have written: several times what it took us.
std::chrono::milliseconds settling(std::chrono::milliseconds window) {
  return std::clamp<std::chrono::milliseconds>(window * 5, 200ms, 3s);
}

/// Two that undo each other's work do not meet again at once.
std::chrono::milliseconds aside(std::chrono::milliseconds window) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto most =
      static_cast<unsigned>(std::max<std::chrono::milliseconds>(window * 8, 100ms).count());
  return std::chrono::milliseconds(random() % most);
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

Pushed merge_into_tag(Client& client, const oci::Reference& tag,
                      const std::vector<oci::Descriptor>& ours,
                      const std::filesystem::path& locks) {
  const TagLock lock(client, locks, tag);
  std::optional<Pushed::Change> first;
  for (unsigned rounds = 0; rounds < max_rounds; ++rounds) {
    std::optional<Round> attempt;
    client.patiently([&] { attempt = merge_once(client, tag, ours); });
    const Round& round = *attempt;
    if (!first) first = round.change;
    const Digest& digest = round.written.descriptor.digest;
    const Pushed done{tag.familiar(), *first, digest,
                      arches_of(oci::parse_index(round.written.bytes).manifests)};
    if (round.change == Pushed::Change::unchanged) return done;
    const auto stands = [&] {
      const std::optional<oci::Descriptor> now = client.published_descriptor(tag);
      return now && now->digest == digest;
    };
    if (stands()) {
      client.wait(settling(round.window));
      if (stands()) return done;
    }
    // Another one has written. When it knew of ours, the next round finds nothing to do.
    if (!has_all(client, tag, ours)) client.wait(aside(round.window));
  }
  throw Error("writing " + tag.familiar() +
              ": others change it all the time; the index was written " +
              std::to_string(max_rounds) + " times and did not last; try again later");
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
