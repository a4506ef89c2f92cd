// SPDX-License-Identifier: Apache-2.0
//
// Publishing: blobs, then child manifests by digest, then the index, then tags; what is visible is complete at any
// moment. Nobody's arch is lost: an index keeps what the registry has, and is written again when somebody else was
// faster.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/registry/registry.hpp"

namespace rtfx::registry {

struct PushOptions {
  bool with_arch_tags = false;  ///< TAG-ARCH as well, for each arch that the store has
  /// Further tags that get the same index, merged with what they stand for: "v1.2".
  std::vector<std::string> release_tags{};
  /// false: a tag that is there already stays as it is (linuxkit's `cache push` without --override).
  bool override_tags = true;
  /// Where publishers of one host wait for each other (one lock file a reference); empty: the
  /// folder locks/ beside the store.
  std::filesystem::path locks{};
};

/// What happened to one tag.
struct Pushed {
  enum class Change {
    created,    ///< the tag is new
    updated,    ///< it stood for something else
    unchanged,  ///< it had this digest already: nothing was written
    kept,       ///< it was there and override_tags is false
  };
  std::string ref;  ///< "registry.example.org/linuxkit/init:v1"
  Change change = Change::unchanged;
  Digest digest;  ///< what the tag stands for now, read back from the registry
  std::vector<std::string>
      arches;  ///< of an index or image, in its order; with what others published
};

struct PushResult {
  std::vector<Pushed> tags;  ///< in the order of writing
  std::size_t blobs_sent = 0, manifests_sent = 0;
};
/// "created", ...
std::string to_string(Pushed::Change change);

/// Publishes what the store has under `name` (an index, or an image, which becomes an index of one) as `to`.
/// Throws Error; then no tag names anything incomplete, and pushing again goes on.
PushResult push(Client& client, const oci::Store& store, const std::string& name,
                const oci::Reference& to, const PushOptions& options);

/// `rtfx pkg index`: the index of `reference` from the arch tags (TAG-ARCH) that the registry has, then the same for the
/// release tags. What is found wins over the entries of an index that is there; its other arches, and attestations,
/// stay. Throws Error when there is no arch tag at all.
std::vector<Pushed> push_index(Client& client, const oci::Reference& reference,
                               const std::vector<std::string>& arches,
                               const std::vector<std::string>& release_tags,
                               const std::filesystem::path& locks);

/// `rtfx pkg remote-tag`: makes `to` stand for what `from` stands for, copying what another repository lacks. An index
/// at `to` is replaced, not merged: the two names mean the same bytes then.
Pushed copy_tag(Client& client, const oci::Reference& from, const oci::Reference& to,
                const std::filesystem::path& locks);

}  // namespace rtfx::registry
