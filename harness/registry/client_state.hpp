// SPDX-License-Identifier: Apache-2.0
//
// What the files of the client share; not for others.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "harness/registry/exchange.hpp"

namespace rtfx::registry {

bool is_index(const oci::Descriptor& descriptor);
/// Whether it is an image manifest.
bool is_image(const oci::Descriptor& descriptor);

/// Which repository of a registry is known to have a blob, and which blobs are on their way. Thread-safe.
class KnownBlobs {
 public:
  void add(const oci::Reference& repository, const Digest& blob) {
    const std::lock_guard lock(mutex_);
    repositories_[{repository.registry, blob}].insert(repository.repository);
  }

  /// While one is held, no other thread sends the blob to that registry: who waited for it can mount it.
  class Turn {
   public:
    Turn(KnownBlobs& known, const oci::Reference& repository, const Digest& blob)
        : known_(known), key_(repository.registry, blob) {
      std::unique_lock lock(known_.mutex_);
      known_.over_.wait(lock, [&] { return !known_.on_their_way_.contains(key_); });
      known_.on_their_way_.insert(key_);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      {
        const std::lock_guard lock(known_.mutex_);
        known_.on_their_way_.erase(key_);
      }
      known_.over_.notify_all();
    }

   private:
    KnownBlobs& known_;
    std::pair<std::string, Digest> key_;
  };

  bool has(const oci::Reference& repository, const Digest& blob) const {
    const std::lock_guard lock(mutex_);
    const auto it = repositories_.find({repository.registry, blob});
    return it != repositories_.end() && it->second.contains(repository.repository);
  }
  /// Another repository of the same registry that has it.
  std::optional<oci::Reference> elsewhere(const oci::Reference& repository,
                                          const Digest& blob) const {
    const std::lock_guard lock(mutex_);
    const auto it = repositories_.find({repository.registry, blob});
    if (it == repositories_.end()) return std::nullopt;
    for (const std::string& name : it->second) {
      if (name != repository.repository)
        return oci::Reference{repository.registry, name, "", std::nullopt};
    }
    return std::nullopt;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable over_;
  std::set<std::pair<std::string, Digest>> on_their_way_;
  std::map<std::pair<std::string, Digest>, std::set<std::string>> repositories_;
};

/// Throws Error when the answer announces another digest or size than the descriptor's.
void check_announced(const Response& response, const oci::Descriptor& descriptor);

struct Client::State {
  State(std::unique_ptr<Http> transport, Wait wait, const RegistryOptions& options,
        std::stop_token stop);

  std::unique_ptr<Http> http;
  Endpoints endpoints;
  Credentials credentials;
  Exchange exchange;
  KnownBlobs known_blobs;

  /// Whether the registry is known to have no referrers API; `now` makes it so.
  bool lacks_referrers(const std::string& registry, bool now = false) {
    const std::lock_guard lock(mutex);
    return now ? without_referrers.insert(registry).second : without_referrers.contains(registry);
  }
  std::mutex mutex;
  std::set<std::string> without_referrers;

  /// GET or HEAD of a manifest.
  Question about_manifest(const std::string& method, const Endpoint& endpoint,
                          const oci::Reference& reference) const;
  Question about_blob(const std::string& method, const Endpoint& endpoint,
                      const oci::Reference& repository, const Digest& digest) const;
  /// `again`: asked more than once when the answer is lost.
  bool has_blob(const Endpoint& endpoint, const oci::Reference& repository,
                const oci::Descriptor& blob, bool again = true);
  std::optional<Document> document(const Endpoint& endpoint, const oci::Reference& reference);
  std::optional<oci::Descriptor> resolve(const Endpoint& endpoint, const oci::Reference& reference);
  bool has_manifest(const Endpoint& endpoint, const oci::Reference& repository,
                    const oci::Descriptor& manifest);
  /// A small blob, checked. Throws Error when it is not there.
  std::string blob(const Endpoint& endpoint, const oci::Reference& repository,
                   const oci::Descriptor& descriptor);
  /// An image that an index lists, with its platform. Throws Error when the registry does not have it.
  oci::Descriptor child(const Endpoint& endpoint, const oci::Reference& index,
                        const oci::Descriptor& entry);
  oci::Platform platform_of(const Endpoint& endpoint, const oci::Reference& repository,
                            const Document& image);
};

}  // namespace rtfx::registry
