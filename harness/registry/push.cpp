// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/push.hpp"

#include <set>

#include "harness/oci/index_merge.hpp"
#include "harness/registry/client_state.hpp"
#include "harness/registry/stage.hpp"
#include "harness/registry/tag_writer.hpp"

namespace rtfx::registry {

namespace {

/// What the store has under the name, as entries of an index.
std::vector<oci::Descriptor> local_entries(const oci::Store& store, const std::string& name) {
  const std::optional<oci::Descriptor> named = store.resolve(name);
  if (!named)
    throw Error(name + " is not in the content store " + store.directory().string() +
                "; build it, or pull it first");
  if (is_index(*named)) return oci::parse_index(store.read(*named)).manifests;
  oci::Descriptor image = *named;
  const oci::ImageConfig config =
      oci::parse_image_config(store.read(oci::parse_manifest(store.read(image)).config));
  image.platform = oci::Platform{config.os, config.architecture, ""};
  return {image};
}

/// TAG-ARCH of each image, in the order of the entries.
std::vector<Pushed> push_arch_tags(Client& client, const oci::Store& store,
                                   const oci::Reference& tag,
                                   const std::vector<oci::Descriptor>& entries,
                                   const std::filesystem::path& locks) {
  std::vector<Pushed> result;
  std::set<std::string> seen;
  for (const oci::Descriptor& entry : entries) {
    const bool image = is_image(entry) && !oci::is_attestation(entry) && entry.platform &&
                       entry.platform->os == "linux";
    if (!image || !seen.insert(entry.platform->architecture).second) continue;
    const oci::Reference arch_tag = tag.with_tag(tag.tag + "-" + entry.platform->architecture);
    result.push_back(set_tag(client, arch_tag, {entry, store.read(entry)}, locks));
  }
  return result;
}

/// `ours` are in the store and get arch tags; `entries` become those of the index.
void push_tags(Client& client, const oci::Store& store, const oci::Reference& tag,
               const std::vector<oci::Descriptor>& ours,
               const std::vector<oci::Descriptor>& entries, const PushOptions& options,
               PushResult& result) {
  if (options.with_arch_tags) {
    // Before the index: what an index lost to a race can be found again by them.
    for (Pushed& pushed : push_arch_tags(client, store, tag, ours, options.locks))
      result.tags.push_back(std::move(pushed));
  }
  result.tags.push_back(merge_into_tag(client, tag, entries, options.locks));
}

}  // namespace

std::string to_string(Pushed::Change change) {
  switch (change) {
    case Pushed::Change::created:
      return "created";
    case Pushed::Change::updated:
      return "updated";
    case Pushed::Change::unchanged:
      return "unchanged";
    case Pushed::Change::kept:
      return "kept";
  }
  return "";
}

PushResult push(Client& client, const oci::Store& store, const std::string& name,
                const oci::Reference& to, const PushOptions& given) {
  if (to.tag.empty() || to.digest)
    throw Error("pushing to " + to.familiar() + ": a name with a tag and no digest is needed",
                ExitCode::usage);
  PushOptions options = given;
  if (options.locks.empty()) options.locks = store.directory().parent_path() / "locks";
  const std::vector<oci::Descriptor> ours = local_entries(store, name);
  PushResult result;
  if (!options.override_tags) {
    if (const std::optional<Document> there = client.published(to)) {
      result.tags.push_back({to.familiar(), Pushed::Change::kept, there->descriptor.digest,
                             arches_of(entries_of(client, to, *there))});
      return result;
    }
  }
  std::vector<oci::Reference> releases;
  for (const std::string& tag : options.release_tags) releases.push_back(to.with_tag(tag));
  const Staged staged = stage(client, store, to, ours);
  result.blobs_sent = staged.blobs_sent;
  result.manifests_sent = staged.manifests_sent;
  push_tags(client, store, to, ours, ours, options, result);
  if (!releases.empty()) {
    // A release is what the package is now, with the arches that others published.
    const std::optional<Document> now = client.published(to);
    const std::vector<oci::Descriptor> all = now ? entries_of(client, to, *now) : ours;
    for (const oci::Reference& release : releases)
      push_tags(client, store, release, ours, all, options, result);
  }
  for (const Pushed& pushed : result.tags) {
    if (pushed.change == Pushed::Change::created || pushed.change == Pushed::Change::updated)
      ++result.manifests_sent;
  }
  return result;
}

}  // namespace rtfx::registry
