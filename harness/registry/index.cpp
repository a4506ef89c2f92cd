// SPDX-License-Identifier: Apache-2.0
//
// What is done with images that are in a registry already: an index of arch tags, and another name.
#include <set>

#include "base/files.hpp"
#include "harness/oci/index_merge.hpp"
#include "harness/registry/client_state.hpp"
#include "harness/registry/parallel.hpp"
#include "harness/registry/push.hpp"
#include "harness/registry/tag_writer.hpp"

namespace rtfx::registry {

namespace {

/// What an arch tag names: an image of that arch, or an index with one and its attestation.
std::vector<oci::Descriptor> behind_arch_tag(Client& client, const oci::Reference& tag,
                                             const std::string& arch) {
  const std::optional<Document> document = client.published(tag);
  if (!document) return {};
  const std::vector<oci::Descriptor> entries = entries_of(client, tag, *document);
  const std::vector<std::string> arches = arches_of(entries);
  if (arches != std::vector{arch})
    throw Error(tag.familiar() + " is for " + (arches.empty() ? "no arch" : arches.front()) +
                (arches.size() > 1 ? " and others" : "") + " instead of " + arch +
                "; push that arch again");
  return entries;
}

/// Copies manifests and blobs that another repository lacks; children first.
class Copy {
 public:
  Copy(Client& client, const oci::Reference& from, const oci::Reference& to)
      : client_(client), from_(from), to_(to) {}

  void copy(const Document& document) {
    if (is_index(document.descriptor)) {
      for (const oci::Descriptor& child : oci::parse_index(document.bytes).manifests)
        copy_child(child);
      return;
    }
    oci::Manifest manifest = oci::parse_manifest(document.bytes);
    manifest.layers.push_back(manifest.config);
    std::vector<oci::Descriptor> blobs;
    for (const oci::Descriptor& blob : manifest.layers)
      if (seen_.insert(blob.digest).second) blobs.push_back(blob);
    for_each_in_parallel(blobs, [&](const oci::Descriptor& blob) {
      client_.copy_blob(from_, to_, blob, scratch_.path());
    });
  }

 private:
  void copy_child(const oci::Descriptor& child) {
    const oci::Reference there = to_.with_digest(child.digest);
    if (client_.published_descriptor(there)) return;
    const std::optional<Document> document = client_.published(from_.with_digest(child.digest));
    if (!document)
      throw Error(from_.familiar() + " lists " + child.digest.str() +
                  ", which its registry does not have");
    copy(*document);
    client_.put_manifest(there, *document);
  }

  Client& client_;
  const oci::Reference& from_;
  const oci::Reference& to_;
  std::set<Digest> seen_;
  TemporaryDirectory scratch_{"rtfx-copy", environment("TMPDIR", "/var/tmp")};
};

}  // namespace

std::vector<Pushed> push_index(Client& client, const oci::Reference& reference,
                               const std::vector<std::string>& arches,
                               const std::vector<std::string>& release_tags,
                               const std::filesystem::path& locks) {
  std::vector<oci::Reference> releases;
  for (const std::string& tag : release_tags) releases.push_back(reference.with_tag(tag));
  std::vector<oci::Descriptor> found;
  for (const std::string& arch : arches) {
    const auto entries =
        behind_arch_tag(client, reference.with_tag(reference.tag + "-" + arch), arch);
    found.insert(found.end(), entries.begin(), entries.end());
  }
  if (found.empty())
    throw Error("there is no arch tag of " + reference.familiar() + ", such as " +
                reference.familiar() + "-" + (arches.empty() ? "ARCH" : arches.front()) +
                "; push the package first");
  std::vector<Pushed> result{merge_into_tag(client, reference, found, locks)};
  for (const oci::Reference& release : releases) {
    const std::optional<Document> index = client.published(reference);
    if (!index) throw Error(reference.familiar() + " is not there any more; push it again");
    result.push_back(merge_into_tag(client, release, entries_of(client, reference, *index), locks));
  }
  return result;
}

Pushed copy_tag(Client& client, const oci::Reference& from, const oci::Reference& to,
                const std::filesystem::path& locks) {
  if (to.tag.empty() || to.digest)
    throw Error("tagging " + to.familiar() + ": a name with a tag and no digest is needed",
                ExitCode::usage);
  const std::optional<Document> source = client.published(from);
  if (!source) throw Error(from.familiar() + " is not in its registry");
  const bool elsewhere = from.name() != to.name();
  const auto there = client.published_descriptor(to);
  const bool same = there && there->digest == source->descriptor.digest;
  if (elsewhere && !same) Copy(client, from, to).copy(*source);
  return set_tag(client, to, *source, locks);
}

}  // namespace rtfx::registry
