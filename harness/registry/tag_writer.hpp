// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "harness/registry/push.hpp"
#include "harness/registry/tag_update.hpp"

namespace rtfx::registry {

/// The document of an index, in the canonical form. Members that rtfx does not know (artifactType, subject, os.version
/// of a platform) come from `before`, for the index itself and for each entry that is in both.
Document index_document(const oci::Index& index, const std::string& before = "");

/// Makes the tag stand for an index with `ours` in place of what it has for their platforms; everything else that it
/// has stays, also what others write at the same time (tag_update.hpp). What `ours` name must be in the repository.
/// Writes nothing when all is there already. `before` is given the index before the tag stands for it: evidence goes
/// first; and again when another index came of it.
Pushed merge_into_tag(Client& client, const oci::Reference& tag,
                      const std::vector<oci::Descriptor>& ours, const std::filesystem::path& locks,
                      const BeforeTagged& before = {});

/// The same for many tags: four at once, and with one wait for other hosts instead of one for each tag.
struct TagMerge {
  oci::Reference tag;
  std::vector<oci::Descriptor> ours;
  BeforeTagged before{};
};
std::vector<Pushed> merge_into_tags(Client& client, const std::vector<TagMerge>& merges,
                                    const std::filesystem::path& locks);

/// Makes the tag stand for exactly this; nothing is written when it does.
Pushed set_tag(Client& client, const oci::Reference& tag, const Document& document,
               const std::filesystem::path& locks);

/// The entries of an index, or an image as its only entry, with its platform.
std::vector<oci::Descriptor> entries_of(Client& client, const oci::Reference& reference,
                                        const Document& document);

/// The architectures of the images among the entries, in their order, each once.
std::vector<std::string> arches_of(const std::vector<oci::Descriptor>& entries);

}  // namespace rtfx::registry
