// SPDX-License-Identifier: Apache-2.0
//
// A registry. Manifests go there by digest; moving a tag is one question and one write.
#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "ci/publish/target.hpp"
#include "harness/registry/parallel.hpp"
#include "harness/registry/referrers.hpp"
#include "harness/registry/stage.hpp"
#include "harness/registry/tag_lock.hpp"

namespace rtfx::publish {
namespace {

using namespace std::chrono_literals;

std::string text_of(const std::optional<Digest>& digest) {
  return digest ? digest->str() : "nothing";
}

class RegistryTarget : public Target {
 public:
  RegistryTarget(std::string prefix, std::unique_ptr<registry::Client> client,
                 std::filesystem::path locks)
      : prefix_(std::move(prefix)), client_(std::move(client)), locks_(std::move(locks)) {}

  std::string name() const override { return prefix_; }
  std::string ref(const std::string& repository, const std::string& which) const override {
    return reference(repository, which).str();
  }

  std::optional<registry::Document> current(const std::string& repository,
                                            const std::string& which) override {
    return client_->published(reference(repository, which));
  }

  std::optional<Digest> current_digest(const std::string& repository,
                                       const std::string& which) override {
    const std::optional<oci::Descriptor> found =
        client_->published_descriptor(reference(repository, which));
    return found ? std::optional(found->digest) : std::nullopt;
  }

  std::size_t stage(const std::string& repository, const oci::Store& from,
                    const std::vector<oci::Descriptor>& descriptors) override {
    const registry::Staged staged = registry::stage(*client_, from, in(repository), descriptors);
    return staged.blobs_sent + staged.blobs_mounted + staged.manifests_sent;
  }

  std::size_t attach(const oci::Store& from, const std::vector<Referrer>& referrers) override {
    std::map<std::string, std::vector<oci::Descriptor>> by_repository;
    std::vector<registry::Referrer> batch;
    for (const Referrer& referrer : referrers) {
      by_repository[referrer.repository].push_back(referrer.manifest);
      batch.push_back({in(referrer.repository),
                       {referrer.manifest, from.read(referrer.manifest)},
                       referrer.subject});
    }
    std::atomic<std::size_t> written = 0;
    const std::vector<std::pair<std::string, std::vector<oci::Descriptor>>> work(
        by_repository.begin(), by_repository.end());
    registry::for_each_in_parallel(
        work, [&](const auto& item) { written += stage(item.first, from, item.second); });
    registry::put_referrers(*client_, batch, locks_);
    return written;
  }

  std::vector<oci::Descriptor> referrers(const std::string& repository, const Digest& subject,
                                         const std::string& artifact_type) override {
    return client_->referrers(in(repository), subject, artifact_type);
  }

  std::string read_blob(const std::string& repository, const oci::Descriptor& blob) override {
    return client_->blob(in(repository), blob);
  }

  void tag(const std::string& repository, const std::string& tag,
           const registry::Document& document) override {
    const oci::Reference to = reference(repository, tag);
    const registry::TagLock lock(*client_, locks_, to);
    client_->patiently([&] { client_->put_manifest(to, document); });
  }

  void move(const std::string& repository, const std::string& tag,
            const std::optional<Digest>& from, const registry::Document& document) override {
    const oci::Reference to = reference(repository, tag);
    const registry::TagLock lock(*client_, locks_, to);
    // What is lost on the way may have arrived: each attempt begins by asking.
    client_->patiently([&] {
      const std::optional<Digest> now = current_digest(repository, tag);
      if (now == document.descriptor.digest) return;
      expect(to, now, from);
      client_->put_manifest(to, document);
    });
  }

  bool untag(const std::string& repository, const std::string& tag,
             const std::optional<Digest>& from, const std::vector<std::string>& going) override {
    const oci::Reference to = reference(repository, tag);
    const registry::TagLock lock(*client_, locks_, to);
    const std::optional<Digest> now = current_digest(repository, tag);
    if (!now) return true;
    expect(to, now, from);
    return client_->delete_tag(to, going);
  }

  void commit() override {}

  std::chrono::milliseconds settling(std::chrono::milliseconds window) const override {
    return std::clamp<std::chrono::milliseconds>(window * 5, 200ms, 3s);
  }

  void wait(std::chrono::milliseconds time) override { client_->wait(time); }

 private:
  oci::Reference reference(const std::string& repository, const std::string& which) const {
    return oci::parse_reference(prefix_ + "/" + repository +
                                (which.starts_with("sha256:") ? "@" : ":") + which);
  }
  /// The repository alone.
  oci::Reference in(const std::string& repository) const {
    oci::Reference result = oci::parse_reference(prefix_ + "/" + repository);
    result.tag.clear();
    return result;
  }

  void expect(const oci::Reference& tag, const std::optional<Digest>& now,
              const std::optional<Digest>& wanted) const {
    if (now == wanted) return;
    throw Conflict(tag.familiar() + " stands for " + text_of(now) + " instead of " +
                   text_of(wanted) + "; somebody else has published there meanwhile");
  }

  std::string prefix_;
  std::unique_ptr<registry::Client> client_;
  std::filesystem::path locks_;
};

}  // namespace

std::unique_ptr<Target> make_registry_target(const std::string& prefix,
                                             std::unique_ptr<registry::Client> client,
                                             const std::filesystem::path& locks) {
  return std::make_unique<RegistryTarget>(prefix, std::move(client), locks);
}

}  // namespace rtfx::publish
