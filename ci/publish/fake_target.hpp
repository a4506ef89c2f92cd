// SPDX-License-Identifier: Apache-2.0
//
// For unit tests: a target that is a few maps, fails when it is told to, and looks after every change whether anybody
// could see something that should not be.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <type_traits>

#include "base/files.hpp"
#include "ci/publish/publish.hpp"
#include "harness/oci/store_files.hpp"

namespace rtfx::publish {

/// What a FakeTarget holds; what is left when its publisher dies.
struct FakeContent {
  std::map<std::string, registry::Document> manifests;         ///< "repository@digest"
  std::map<std::string, std::string> blobs;                    ///< "repository@digest"
  std::map<std::string, Digest> tags;                          ///< "repository:tag"
  std::set<std::tuple<std::string, Digest, Digest>> attached;  ///< repository, subject, manifest
};

class FakeTarget final : public Target {
 public:
  explicit FakeTarget(FakeContent& content) : content_(content) {}

  std::size_t calls = 0, writes = 0;
  std::size_t fail_at = 0;     ///< the call that fails, counted from 1; 0: none
  bool fail_for_ever = false;  ///< and all calls after it
  bool fail_late = false;      ///< after having done what was asked
  bool evidence_wanted = false;
  bool deletes = true;
  std::chrono::milliseconds settle{0};
  std::function<void()> while_waiting;  ///< what others do meanwhile
  std::function<void(const std::string& ref)> before_move;

  std::string name() const override { return "fake"; }
  std::string ref(const std::string& repository, const std::string& which) const override {
    return repository + (which.starts_with("sha256:") ? "@" : ":") + which;
  }
  std::optional<registry::Document> current(const std::string& repository,
                                            const std::string& which) override {
    return called([&]() -> std::optional<registry::Document> {
      std::string key = ref(repository, which);
      if (!which.starts_with("sha256:")) {
        const auto tag = content_.tags.find(key);
        if (tag == content_.tags.end()) return std::nullopt;
        key = ref(repository, tag->second.str());
      }
      const auto it = content_.manifests.find(key);
      if (it == content_.manifests.end()) return std::nullopt;
      return it->second;
    });
  }
  std::optional<Digest> current_digest(const std::string& repository,
                                       const std::string& which) override {
    const auto found = current(repository, which);
    return found ? std::optional(found->descriptor.digest) : std::nullopt;
  }
  std::size_t stage(const std::string& repository, const oci::Store& from,
                    const std::vector<oci::Descriptor>& descriptors) override {
    return called([&] {
      std::size_t written = 0;
      for (const oci::Descriptor& descriptor : descriptors)
        written += take(repository, from, descriptor);
      writes += written;
      return written;
    });
  }
  std::size_t attach(const oci::Store& from, const std::vector<Referrer>& list) override {
    return called([&] {
      std::size_t written = 0;
      for (const Referrer& referrer : list) {
        written += take(referrer.repository, from, referrer.manifest);
        content_.attached.emplace(referrer.repository, referrer.subject, referrer.manifest.digest);
      }
      writes += written;
      return written;
    });
  }
  std::vector<oci::Descriptor> referrers(const std::string& repository, const Digest& subject,
                                         const std::string&) override {
    return called([&] {
      std::vector<oci::Descriptor> result;
      for (const auto& [where, about, manifest] : content_.attached)
        if (where == repository && about == subject)
          result.push_back(content_.manifests.at(ref(where, manifest.str())).descriptor);
      return result;
    });
  }
  std::string read_blob(const std::string& repository, const oci::Descriptor& blob) override {
    return called([&] { return content_.blobs.at(ref(repository, blob.digest.str())); });
  }
  void tag(const std::string& repository, const std::string& tag,
           const registry::Document& document) override {
    called([&] { return set(ref(repository, tag), repository, document); });
  }
  void move(const std::string& repository, const std::string& tag,
            const std::optional<Digest>& from, const registry::Document& document) override {
    if (before_move) before_move(ref(repository, tag));
    called([&] {
      expect(ref(repository, tag), from);
      return set(ref(repository, tag), repository, document);
    });
  }
  bool untag(const std::string& repository, const std::string& tag,
             const std::optional<Digest>& from, const std::vector<std::string>&) override {
    return called([&] {
      if (!deletes) return false;
      expect(ref(repository, tag), from);
      content_.tags.erase(ref(repository, tag));
      ++writes;
      return true;
    });
  }
  void commit() override {
    called([] { return 0; });
  }
  std::chrono::milliseconds settling(std::chrono::milliseconds) const override { return settle; }
  void wait(std::chrono::milliseconds) override {
    if (while_waiting) while_waiting();
  }

 private:
  template <typename Body>
  std::invoke_result_t<Body> called(Body&& body) {
    const std::lock_guard lock(mutex_);
    ++calls;
    const bool fails = fail_at != 0 && (calls == fail_at || (fail_for_ever && calls > fail_at));
    if (fails && !fail_late) throw Error("call " + std::to_string(calls) + " fails");
    auto result = body();
    if (fails) throw Error("the answer to call " + std::to_string(calls) + " is lost");
    return result;
  }

  std::size_t take(const std::string& repository, const oci::Store& from,
                   const oci::Descriptor& descriptor) {
    const std::string key = ref(repository, descriptor.digest.str());
    if (content_.manifests.contains(key)) return 0;
    const std::string bytes = from.read(descriptor);
    std::size_t written = 1;
    if (oci::is_index(descriptor)) {
      for (const oci::Descriptor& child : oci::parse_index(bytes).manifests)
        written += take(repository, from, child);
    } else {
      oci::Manifest manifest = oci::parse_manifest(bytes);
      manifest.layers.push_back(manifest.config);
      for (const oci::Descriptor& blob : manifest.layers)
        content_.blobs[ref(repository, blob.digest.str())] = from.read(blob);
    }
    content_.manifests.insert_or_assign(key, registry::Document{descriptor, bytes});
    return written;
  }

  void expect(const std::string& key, const std::optional<Digest>& from) const {
    const auto it = content_.tags.find(key);
    const std::optional<Digest> now =
        it == content_.tags.end() ? std::nullopt : std::optional(it->second);
    if (now != from) throw Conflict(key + " was moved");
  }

  int set(const std::string& key, const std::string& repository,
          const registry::Document& document) {
    content_.tags.insert_or_assign(key, document.descriptor.digest);
    ++writes;
    check_complete(key, repository, document.descriptor);
    return 0;
  }

  void check_complete(const std::string& key, const std::string& repository,
                      const oci::Descriptor& descriptor) {
    const auto it = content_.manifests.find(ref(repository, descriptor.digest.str()));
    ASSERT_NE(it, content_.manifests.end()) << key << " names what is not there";
    if (!oci::is_index(descriptor)) return;
    for (const oci::Descriptor& child : oci::parse_index(it->second.bytes).manifests)
      EXPECT_TRUE(content_.manifests.contains(ref(repository, child.digest.str())))
          << key << " lacks " << child.digest.str();
    if (!evidence_wanted) return;
    const auto about = [&](const auto& entry) {
      return std::get<0>(entry) == repository && std::get<1>(entry) == descriptor.digest;
    };
    EXPECT_TRUE(std::any_of(content_.attached.begin(), content_.attached.end(), about))
        << key << " is visible without evidence";
  }

  FakeContent& content_;
  std::mutex mutex_;
};

/// A publisher: a store with images, a journal, and an order of two packages.
class Publisher {
 public:
  Publisher() {
    order.id = "20261120-000000-1";
    order.org = "demo";
    order.locks = scratch_.path() / "locks";
    order.outcome.arches = {"amd64", "arm64"};
  }

  /// An image of one arch without layers.
  oci::Descriptor image(const std::string& arch, const std::string& salt) {
    const std::string config = R"({"architecture":")" + arch +
                               R"(","os":"linux","config":{"Env":["S=)" + salt +
                               R"("]},"rootfs":{"type":"layers","diff_ids":[]}})";
    return manifest(store.put(config, "application/vnd.oci.image.config.v1+json"), "");
  }
  void ship(const std::string& name, const std::vector<std::string>& arches,
            const std::string& salt = "") {
    Shipment shipment{"demo/" + name, "abc", {}};
    for (const std::string& arch : arches)
      shipment.manifests.emplace(arch, image(arch, name + salt));
    order.shipments.push_back(std::move(shipment));
  }
  /// Evidence that needs no key: a manifest that names its subject.
  Evidence evidence() {
    return [this](Target&, oci::Store&, const std::string&, const registry::Document& document,
                  const std::vector<oci::Descriptor>&) {
      const std::string subject = R"(,"subject":{"mediaType":")" + document.descriptor.media_type +
                                  R"(","digest":")" + document.descriptor.digest.str() +
                                  R"(","size":)" + std::to_string(document.descriptor.size) + "}";
      const oci::Descriptor config = store.put("{}", "application/vnd.oci.empty.v1+json");
      return std::vector<Attachment>{{manifest(config, subject), document.descriptor.digest, ""}};
    };
  }
  Publication publish(Target& target) {
    Journal journal(folder());
    return publish::publish(order, target, store, journal, evidence(),
                            [this](const std::string& line) { said += line + "\n"; });
  }
  std::filesystem::path folder() const { return scratch_.path() / "release"; }
  const std::filesystem::path& directory() const { return scratch_.path(); }

 private:
  oci::Descriptor manifest(const oci::Descriptor& config, const std::string& more) {
    return store.put(
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":")" +
            config.media_type + R"(","digest":")" + config.digest.str() + R"(","size":)" +
            std::to_string(config.size) + R"(},"layers":[])" + more + "}",
        oci::media_type_manifest);
  }
  TemporaryDirectory scratch_;

 public:
  oci::Store store{scratch_.path() / "store"};
  Order order;
  std::string said;
};

/// The arches of the index that a tag of the content stands for.
inline std::vector<std::string> arches_at(const FakeContent& content, const std::string& repository,
                                          const std::string& tag) {
  std::vector<std::string> arches;
  const Digest digest = content.tags.at(repository + ":" + tag);
  const auto& document = content.manifests.at(repository + "@" + digest.str());
  for (const oci::Descriptor& child : oci::parse_index(document.bytes).manifests)
    arches.push_back(child.platform->architecture);
  return arches;
}

}  // namespace rtfx::publish
