// SPDX-License-Identifier: Apache-2.0
//
// From a registry into the content store: first every blob, then the names.
#include <algorithm>
#include <set>

#include "harness/oci/index_merge.hpp"
#include "harness/oci/store_writer.hpp"
#include "harness/registry/client_state.hpp"
#include "harness/registry/parallel.hpp"

namespace rtfx::registry {

namespace {

constexpr const char* reference_digest = "vnd.docker.reference.digest";

/// Whether the store has the bytes, and they are right; damaged ones are fetched again.
bool has_good(const oci::Store& store, const oci::Descriptor& blob) {
  if (!store.has(blob.digest)) return false;
  try {
    store.blob_path(blob);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// The entries of an index that are for these arches (all without any), and what belongs to them.
std::vector<oci::Descriptor> choose(const oci::Index& index,
                                    const std::vector<std::string>& arches) {
  if (arches.empty()) return index.manifests;
  std::vector<oci::Descriptor> result;
  std::set<std::string> images;
  for (const oci::Descriptor& entry : index.manifests) {
    const bool wanted =
        !oci::is_attestation(entry) && entry.platform && entry.platform->os == "linux" &&
        std::find(arches.begin(), arches.end(), entry.platform->architecture) != arches.end();
    if (!wanted) continue;
    result.push_back(entry);
    images.insert(entry.digest.str());
  }
  for (const oci::Descriptor& entry : index.manifests) {
    if (!oci::is_attestation(entry)) continue;
    const auto it = entry.annotations.find(reference_digest);
    if (it != entry.annotations.end() && images.contains(it->second)) result.push_back(entry);
  }
  return result;
}

/// One pull: what is fetched from where, and into which store.
class Pull {
 public:
  Pull(Client::State& state, const oci::Reference& reference, oci::Store& store)
      : state_(state),
        endpoint_(state.endpoints.to_read(reference.registry)),
        reference_(reference),
        store_(store) {}

  const Endpoint& endpoint() const { return endpoint_; }

  /// Everything that the documents refer to, each blob once.
  void fetch(const std::vector<oci::Descriptor>& documents) {
    std::vector<oci::Descriptor> blobs;
    std::set<Digest> seen;
    std::mutex mutex;
    for_each_in_parallel(documents, [&](const oci::Descriptor& document) {
      for (const oci::Descriptor& blob : children_of(document)) {
        const std::lock_guard lock(mutex);
        if (seen.insert(blob.digest).second) blobs.push_back(blob);
      }
    });
    for_each_in_parallel(blobs, [&](const oci::Descriptor& blob) { fetch_blob(blob); });
  }

 private:
  /// Takes a manifest or index into the store and tells which blobs it needs.
  std::vector<oci::Descriptor> children_of(const oci::Descriptor& descriptor) {
    const std::string bytes = document(descriptor);
    std::vector<oci::Descriptor> blobs;
    if (is_index(descriptor)) {
      for (const oci::Descriptor& child : oci::parse_index(bytes).manifests) {
        const auto more = children_of(child);
        blobs.insert(blobs.end(), more.begin(), more.end());
      }
    } else if (is_image(descriptor)) {
      oci::Manifest manifest = oci::parse_manifest(bytes);
      blobs = std::move(manifest.layers);
      blobs.push_back(std::move(manifest.config));
    }
    return blobs;
  }

  std::string document(const oci::Descriptor& descriptor) {
    if (has_good(store_, descriptor)) return store_.read(descriptor);
    const std::optional<Document> found =
        state_.document(endpoint_, reference_.with_digest(descriptor.digest));
    if (!found)
      throw Error(endpoint_.name + ": the index " + reference_.familiar() + " lists " +
                  descriptor.digest.str() + ", which the registry does not have");
    if (found->descriptor.size != descriptor.size)
      throw Error(endpoint_.name + ": " + descriptor.digest.str() + " has " +
                  std::to_string(found->descriptor.size) + " bytes, the index says " +
                  std::to_string(descriptor.size));
    store_.put(found->bytes, found->descriptor.media_type);
    return found->bytes;
  }

  void fetch_blob(const oci::Descriptor& blob) {
    if (has_good(store_, blob)) return;
    std::optional<oci::BlobWriter> writer;
    Question question = state_.about_blob("GET", endpoint_, reference_, blob.digest);
    question.restart = [&] { writer.emplace(store_, oci::Expected{blob.digest, blob.size}); };
    question.request.sink = [&](std::string_view bytes) { writer->write(bytes); };
    const Response response = state_.exchange.ask(question);
    if (response.status != 200) state_.exchange.refuse(question, response);
    in_context(question.what, [&] { return writer->finish(blob.media_type); });
  }

  Client::State& state_;
  Endpoint endpoint_;
  const oci::Reference& reference_;
  oci::Store& store_;
};

/// The platform that the image's configuration gives; an index that says otherwise is wrong.
void settle_platform(const oci::Store& store, oci::Descriptor& entry) {
  if (oci::is_attestation(entry) || !is_image(entry)) return;
  const std::string bytes = store.read(entry);
  const oci::Manifest manifest = oci::parse_manifest(bytes);
  // An artifact of another kind has no platform of its own.
  if (manifest.config.media_type.find("image") == std::string::npos) return;
  const oci::ImageConfig config = oci::parse_image_config(store.read(manifest.config));
  if (!entry.platform) {
    entry.platform = oci::Platform{config.os, config.architecture, ""};
  } else if (entry.platform->architecture != config.architecture) {
    throw Error("the index lists " + entry.digest.str() + " for " + entry.platform->architecture +
                ", but that image is for " + config.architecture);
  }
}

std::set<Digest> digests_of(const std::vector<oci::Descriptor>& entries) {
  std::set<Digest> result;
  for (const oci::Descriptor& entry : entries) result.insert(entry.digest);
  return result;
}

/// NAME-ARCH of the images.
std::map<std::string, oci::Descriptor> arch_names(const std::string& name,
                                                  const std::vector<oci::Descriptor>& entries) {
  std::map<std::string, oci::Descriptor> result;
  for (const oci::Descriptor& entry : entries) {
    if (is_image(entry) && !oci::is_attestation(entry) && entry.platform &&
        entry.platform->os == "linux")
      result.emplace(name + "-" + entry.platform->architecture, entry);
  }
  return result;
}

/// Names what was fetched. A name with a digest means that digest, or, of an index in part, what there is of it.
oci::Descriptor give_names(oci::Store& store, const std::string& name,
                           const oci::Reference& reference, const Document& top,
                           std::vector<oci::Descriptor> entries) {
  const bool whole = !is_index(top.descriptor) ||
                     digests_of(entries) == digests_of(oci::parse_index(top.bytes).manifests);
  if (reference.digest && whole) {
    const oci::Descriptor named = is_index(top.descriptor) ? top.descriptor : entries.front();
    store.tag(name, named);
    return named;
  }
  if (!reference.digest) store.tag_all(arch_names(name, entries));
  // An index in a store has platforms for all that it lists.
  std::erase_if(entries, [](const oci::Descriptor& entry) { return !entry.platform; });
  oci::Descriptor index = store.add_to_index(name, entries);
  const bool same = whole && is_index(top.descriptor) && index.digest != top.descriptor.digest &&
                    digests_of(oci::parse_index(store.read(index)).manifests) ==
                        digests_of(oci::parse_index(top.bytes).manifests);
  if (!same) return index;
  // It holds what the registry's index holds: that one's bytes are kept, so that its digest can be asked for.
  store.tag(name, top.descriptor);
  return top.descriptor;
}

}  // namespace

std::optional<oci::Descriptor> Client::pull(const oci::Reference& reference, oci::Store& store,
                                            const PullOptions& options) {
  Pull pull(*state_, reference, store);
  const std::optional<Document> top = state_->document(pull.endpoint(), reference);
  if (!top) return std::nullopt;
  std::vector<oci::Descriptor> entries{top->descriptor};
  if (is_index(top->descriptor)) {
    entries = choose(oci::parse_index(top->bytes), options.arches);
  } else if (!options.arches.empty()) {
    const std::string arch = state_->platform_of(pull.endpoint(), reference, *top).architecture;
    if (std::find(options.arches.begin(), options.arches.end(), arch) == options.arches.end())
      return std::nullopt;
  }
  if (entries.empty()) return std::nullopt;
  store.start_writing();
  store.put(top->bytes, top->descriptor.media_type);
  pull.fetch(entries);
  return in_context(pull.endpoint().name + "/" + reference.repository, [&] {
    for (oci::Descriptor& entry : entries) settle_platform(store, entry);
    const std::string name = options.name.empty() ? reference.familiar() : options.name;
    return std::optional(give_names(store, name, reference, *top, std::move(entries)));
  });
}

}  // namespace rtfx::registry
