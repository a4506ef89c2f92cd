// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/stage.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "harness/registry/client_state.hpp"
#include "harness/registry/parallel.hpp"

namespace rtfx::registry {

namespace {

/// A manifest that the repository lacks.
struct Missing {
  Document document;
  std::vector<oci::Descriptor> children;  ///< of an index
};

class Staging {
 public:
  Staging(Client& client, const oci::Store& store, const oci::Reference& repository)
      : client_(client), store_(store), repository_(repository) {}

  Staged stage(const std::vector<oci::Descriptor>& entries) {
    find_missing(entries);
    send_blobs();
    send_manifests();
    return {sent_, mounted_, missing_.size()};
  }

 private:
  /// Level by level: an index that is missing is read to learn what it lists.
  void find_missing(std::vector<oci::Descriptor> level) {
    while (!level.empty()) {
      std::vector<oci::Descriptor> unseen;
      for (const oci::Descriptor& entry : level)
        if (seen_.insert(entry.digest).second) unseen.push_back(entry);
      std::vector<oci::Descriptor> next;
      for_each_in_parallel(unseen, [&](const oci::Descriptor& entry) {
        if (client_.has_manifest(repository_, entry)) return;
        Missing missing{{entry, store_.read(entry)}, {}};
        if (is_index(entry)) missing.children = oci::parse_index(missing.document.bytes).manifests;
        const std::lock_guard lock(mutex_);
        next.insert(next.end(), missing.children.begin(), missing.children.end());
        missing_.emplace(entry.digest, std::move(missing));
      });
      level = std::move(next);
    }
  }

  void send_blobs() {
    std::vector<oci::Descriptor> blobs;
    std::set<Digest> seen;
    for (const auto& [digest, missing] : missing_) {
      if (!is_image(missing.document.descriptor)) continue;
      oci::Manifest manifest = oci::parse_manifest(missing.document.bytes);
      manifest.layers.push_back(manifest.config);
      for (const oci::Descriptor& blob : manifest.layers)
        if (seen.insert(blob.digest).second) blobs.push_back(blob);
    }
    // What takes longest is not begun last.
    std::stable_sort(blobs.begin(), blobs.end(),
                     [](const auto& a, const auto& b) { return a.size > b.size; });
    for_each_in_parallel(blobs, [&](const oci::Descriptor& blob) {
      switch (client_.give_blob(repository_, blob, store_)) {
        case Client::Given::sent:
          ++sent_;
          break;
        case Client::Given::mounted:
          ++mounted_;
          break;
        case Client::Given::there:
          break;
      }
    });
  }

  /// How many levels of missing manifests are below it.
  std::size_t height(const Digest& digest) const {
    const auto it = missing_.find(digest);
    if (it == missing_.end()) return 0;
    std::size_t result = 0;
    for (const oci::Descriptor& child : it->second.children)
      result = std::max(result, height(child.digest) + 1);
    return result;
  }

  /// Children in front of the index that lists them.
  void send_manifests() {
    std::map<std::size_t, std::vector<const Document*>> levels;
    for (const auto& [digest, missing] : missing_)
      levels[height(digest)].push_back(&missing.document);
    for (const auto& [level, documents] : levels) {
      for_each_in_parallel(documents, [&](const Document* document) {
        client_.put_manifest(repository_.with_digest(document->descriptor.digest), *document);
      });
    }
  }

  Client& client_;
  const oci::Store& store_;
  const oci::Reference& repository_;
  std::mutex mutex_;
  std::set<Digest> seen_;
  std::map<Digest, Missing> missing_;
  std::atomic<std::size_t> sent_{0}, mounted_{0};
};

}  // namespace

Staged stage(Client& client, const oci::Store& store, const oci::Reference& repository,
             const std::vector<oci::Descriptor>& entries) {
  return Staging(client, store, repository).stage(entries);
}

}  // namespace rtfx::registry
