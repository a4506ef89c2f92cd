// SPDX-License-Identifier: Apache-2.0
//
// An OCI image layout. Tags are collected and set in one replacement of index.json: all of a release, or nothing. A
// name is REPOSITORY:TAG in org.opencontainers.image.ref.name.
#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ci/publish/target.hpp"
#include "harness/oci/store_files.hpp"
#include "harness/registry/referrers.hpp"

namespace rtfx::publish {
namespace {

using Json = nlohmann::ordered_json;

class LayoutTarget : public Target {
 public:
  LayoutTarget(std::filesystem::path directory, std::stop_token stop)
      : directory_(std::move(directory)), stop_(std::move(stop)) {}

  std::string name() const override { return "oci:" + directory_.string(); }
  std::string ref(const std::string& repository, const std::string& tag) const override {
    return name() + ":" + key(repository, tag);
  }

  std::optional<registry::Document> current(const std::string& repository,
                                            const std::string& which) override {
    const std::lock_guard lock(mutex_);
    return find(repository, which);
  }

  std::optional<Digest> current_digest(const std::string& repository,
                                       const std::string& which) override {
    const std::optional<registry::Document> found = current(repository, which);
    return found ? std::optional(found->descriptor.digest) : std::nullopt;
  }

  std::size_t stage(const std::string&, const oci::Store& from,
                    const std::vector<oci::Descriptor>& descriptors) override {
    const std::lock_guard lock(mutex_);
    std::size_t written = 0;
    for (const oci::Descriptor& descriptor : descriptors) written += take(from, descriptor);
    return written;
  }

  std::size_t attach(const oci::Store& from, const std::vector<Referrer>& referrers) override {
    const std::lock_guard lock(mutex_);
    std::size_t written = 0;
    for (const Referrer& referrer : referrers) written += attach_one(from, referrer);
    return written;
  }

  std::vector<oci::Descriptor> referrers(const std::string& repository, const Digest& subject,
                                         const std::string& artifact_type) override {
    const std::lock_guard lock(mutex_);
    const std::optional<registry::Document> list =
        find(repository, registry::referrers_tag(subject));
    if (!list) return {};
    std::vector<oci::Descriptor> all = oci::parse_index(list->bytes).manifests;
    const Json json = Json::parse(list->bytes);
    std::vector<oci::Descriptor> result;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string type = json["manifests"][i].value("artifactType", "");
      if (artifact_type.empty() || type == artifact_type) result.push_back(all[i]);
    }
    return result;
  }

  std::string read_blob(const std::string&, const oci::Descriptor& blob) override {
    const std::lock_guard lock(mutex_);
    if (!there()) throw Error(name() + ": blob " + blob.digest.str() + " is not there");
    return store().read(blob);
  }

  void tag(const std::string& repository, const std::string& tag,
           const registry::Document& document) override {
    const std::lock_guard lock(mutex_);
    put(document);
    pending_.insert_or_assign(key(repository, tag), Pending{false, {}, document.descriptor});
  }

  void move(const std::string& repository, const std::string& tag,
            const std::optional<Digest>& from, const registry::Document& document) override {
    const std::lock_guard lock(mutex_);
    put(document);
    pending_.insert_or_assign(key(repository, tag), Pending{true, from, document.descriptor});
  }

  bool untag(const std::string& repository, const std::string& tag,
             const std::optional<Digest>& from, const std::vector<std::string>&) override {
    const std::lock_guard lock(mutex_);
    pending_.insert_or_assign(key(repository, tag), Pending{true, from, std::nullopt});
    return true;
  }

  void commit() override {
    const std::lock_guard lock(mutex_);
    const std::map<std::string, Pending> pending = std::exchange(pending_, {});
    if (pending.empty()) return;
    stop_if_asked();
    for (const auto& [name, change] : pending) {
      if (change.to && !store().complete(*change.to))
        throw Error(directory_.string() + ": " + name + " would be incomplete: " +
                    change.to->digest.str() + " or something that it refers to is not there");
    }
    oci::change_names(store().directory(), [&](oci::Index& names) {
      for (const auto& [name, change] : pending) expect(names, name, change);
      for (const auto& [name, change] : pending) apply(names, name, change);
    });
  }

  std::chrono::milliseconds settling(std::chrono::milliseconds) const override {
    return std::chrono::milliseconds(0);
  }

  void wait(std::chrono::milliseconds time) override {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, stop_, time, [] { return false; });
    stop_if_asked();
  }

 private:
  struct Pending {
    bool expected = false;              ///< whether the name has to stand for `from`
    std::optional<Digest> from;         ///< nullopt: nothing
    std::optional<oci::Descriptor> to;  ///< nullopt: the name goes away
  };

  static std::string key(const std::string& repository, const std::string& which) {
    return repository + (which.starts_with("sha256:") ? "@" : ":") + which;
  }

  bool there() const {
    std::error_code error;
    return std::filesystem::exists(directory_ / "index.json", error);
  }

  /// Opened at the first use that needs it, since opening makes the layout.
  oci::Store& store() {
    if (!store_) store_.emplace(directory_);
    return *store_;
  }

  void stop_if_asked() const {
    if (stop_.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
  }

  std::optional<registry::Document> find(const std::string& repository, const std::string& which) {
    stop_if_asked();
    if (!there()) return std::nullopt;
    std::optional<oci::Descriptor> found;
    if (which.starts_with("sha256:"))
      found = by_digest(Digest::parse(which));
    else
      found = store().resolve(repository + ":" + which);
    if (!found) return std::nullopt;
    std::string bytes = store().read(*found);
    return registry::Document{std::move(*found), std::move(bytes)};
  }

  std::optional<oci::Descriptor> by_digest(const Digest& digest) {
    const std::filesystem::path file = oci::blob_file(store().directory(), digest);
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(file, error);
    if (error) return std::nullopt;
    oci::Descriptor descriptor{"", digest, size, std::nullopt, {}};
    const Json json = Json::parse(store().read(descriptor), nullptr, false);
    if (!json.is_object()) throw Error(file.string() + " is neither a manifest nor an index");
    const bool index = json.contains("manifests");
    descriptor.media_type = json.value(
        "mediaType", std::string(index ? oci::media_type_index : oci::media_type_manifest));
    return descriptor;
  }

  /// Children that are there already may be others': `from` need not have them.
  std::size_t take(const oci::Store& from, const oci::Descriptor& descriptor) {
    stop_if_asked();
    store().start_writing();
    if (store().complete(descriptor)) return 0;
    if (!oci::is_index(descriptor)) {
      store().copy_from(from, descriptor);
      return 1;
    }
    std::size_t written = 0;
    const std::string bytes = from.read(descriptor);
    for (const oci::Descriptor& child : oci::parse_index(bytes).manifests)
      written += take(from, child);
    store().put(bytes, descriptor.media_type);
    return written + 1;
  }

  void put(const registry::Document& document) {
    const Digest digest = store().put(document.bytes, document.descriptor.media_type).digest;
    if (digest != document.descriptor.digest)
      throw Error("the bytes of " + document.descriptor.digest.str() + " are those of " +
                  digest.str());
  }

  std::size_t attach_one(const oci::Store& from, const Referrer& referrer) {
    const std::string tag = registry::referrers_tag(referrer.subject);
    const std::size_t written = take(from, referrer.manifest);
    Json list = {
        {"schemaVersion", 2}, {"mediaType", oci::media_type_index}, {"manifests", Json::array()}};
    // What this process has attached is not committed yet.
    const auto pending = pending_.find(key(referrer.repository, tag));
    std::optional<oci::Descriptor> before =
        there() ? store().resolve(referrer.repository + ":" + tag) : std::nullopt;
    const std::optional<Digest> from_digest = before ? std::optional(before->digest) : std::nullopt;
    if (pending != pending_.end() && pending->second.to) before = pending->second.to;
    if (before) list = Json::parse(store().read(*before));
    for (const Json& entry : list["manifests"])
      if (entry["digest"] == referrer.manifest.digest.str()) return written;
    list["manifests"].push_back(entry_of(referrer.manifest));
    const oci::Descriptor index = store().put(list.dump(), oci::media_type_index);
    pending_.insert_or_assign(key(referrer.repository, tag), Pending{true, from_digest, index});
    return written + 1;
  }

  /// OCI distribution-spec, "Listing Referrers": with the artifact's type and the annotations of the manifest.
  Json entry_of(const oci::Descriptor& manifest) {
    const Json json = Json::parse(store().read(manifest));
    Json entry = {{"mediaType", manifest.media_type},
                  {"digest", manifest.digest.str()},
                  {"size", manifest.size}};
    const bool typed = json.contains("artifactType");
    if (typed || json.contains("config"))
      entry["artifactType"] = typed ? json["artifactType"] : json["config"]["mediaType"];
    if (json.contains("annotations")) entry["annotations"] = json["annotations"];
    return entry;
  }

  static bool has_name(const oci::Descriptor& entry, const std::string& name) {
    return oci::annotation(entry, oci::ref_name) == name;
  }

  void expect(const oci::Index& names, const std::string& name, const Pending& change) const {
    if (!change.expected) return;
    std::optional<Digest> now;
    for (const oci::Descriptor& entry : names.manifests)
      if (has_name(entry, name)) now = entry.digest;
    if (now == change.from || (change.to && now == change.to->digest)) return;
    throw Conflict(directory_.string() + ": " + name + " stands for " +
                   (now ? now->str() : "nothing") + " instead of " +
                   (change.from ? change.from->str() : "nothing") +
                   "; somebody else has published there meanwhile");
  }

  static void apply(oci::Index& names, const std::string& name, const Pending& change) {
    std::erase_if(names.manifests,
                  [&](const oci::Descriptor& entry) { return has_name(entry, name); });
    if (!change.to) return;
    oci::Descriptor entry = *change.to;
    entry.annotations = {{std::string(oci::ref_name), name}};
    names.manifests.push_back(std::move(entry));
  }

  std::filesystem::path directory_;
  std::stop_token stop_;
  std::mutex mutex_;
  std::optional<oci::Store> store_;
  std::map<std::string, Pending> pending_;
};

}  // namespace

std::unique_ptr<Target> make_layout_target(const std::filesystem::path& directory,
                                           std::stop_token stop) {
  return std::make_unique<LayoutTarget>(directory, std::move(stop));
}

}  // namespace rtfx::publish
