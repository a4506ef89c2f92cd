// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "harness/oci/descriptor.hpp"

namespace rtfx::oci {

/// The content store: an OCI image layout (OCI image-spec, "Image Layout") that skopeo and buildah
/// can read. Names are the annotation org.opencontainers.image.ref.name. Several processes may use
/// one store at once: blobs appear by rename, index.json is replaced under a lock, so it is
/// complete at any moment, also after a crash. Copies of an object are the same writer.
class Store {
 public:
  /// Opens the layout, making it when the directory is not there or empty. Throws Error when it is
  /// something else.
  explicit Store(const std::filesystem::path& directory);

  const std::filesystem::path& directory() const { return directory_; }

  /// Keeps the garbage collector (gc.hpp) away from blobs that have no name yet, until stop_writing()
  /// or the end of this object. Everything below that writes does it by itself; who asks has() or
  /// complete() first, to write only what is missing, does it before asking.
  void start_writing();
  /// What was written and not named may be removed from now on.
  void stop_writing();

  /// Adds a blob (no-op when it is there). Throws Error.
  Descriptor put(std::string_view bytes, std::string_view media_type);
  bool has(const Digest& digest) const;
  /// The bytes, verified against digest and size. Throws Error "blob sha256:… is corrupt" or "… is
  /// missing".
  std::string read(const Descriptor& descriptor) const;
  /// Path of the blob, verified on first use by this process (streaming). For big blobs such as
  /// layers. Throws as read().
  std::filesystem::path blob_path(const Descriptor& descriptor) const;

  /// Gives `name` to the manifest or index, atomically; a previous holder of the name loses it.
  /// Throws Error when something that it refers to is not in the store.
  void tag(const std::string& name, const Descriptor& descriptor);
  /// The same for several names in one replacement of index.json: all or nothing.
  void tag_all(const std::map<std::string, Descriptor>& names);
  /// Puts an image manifest into the index that `name` stands for, in place of the one of its
  /// platform (which must be set); the other platforms stay. One step under the lock: nobody's
  /// addition is lost. Returns the new index.
  Descriptor add_to_index(const std::string& name, const Descriptor& manifest);
  /// The same for several images and their attestations (index_merge.hpp, merged()).
  Descriptor add_to_index(const std::string& name, const std::vector<Descriptor>& ours);
  void untag(const std::string& name);
  /// Throws Error when index.json is damaged, or gives the name to two things.
  std::optional<Descriptor> resolve(const std::string& name) const;
  /// Every name with its descriptor, sorted. Throws as resolve().
  std::map<std::string, Descriptor> names() const;

  /// The manifest for `architecture` behind a manifest or index descriptor: itself if it is an
  /// image of that arch (its config says so). nullopt when there is none.
  std::optional<Descriptor> for_arch(const Descriptor& descriptor,
                                     const std::string& architecture) const;

  /// Copies the descriptor's blob and everything it refers to from another store, verifying each;
  /// existing blobs are not copied again.
  void copy_from(const Store& other, const Descriptor& descriptor);
  /// Takes over the only (or the named) image of a foreign OCI layout directory, e.g. one that
  /// buildah wrote.
  Descriptor import_layout(const std::filesystem::path& layout,
                           const std::string& name_in_layout = "");
  /// Whether the descriptor and all that it refers to is there (existence and size).
  bool complete(const Descriptor& descriptor) const;

 private:
  struct Writing;
  /// What is wrong with the first blob that is not there in its size.
  std::optional<Error> fault_of(const Descriptor& descriptor) const;
  void require_complete(const std::string& name, const Descriptor& descriptor) const;

  std::filesystem::path directory_;
  std::shared_ptr<Writing> writing_;
};

}  // namespace rtfx::oci
