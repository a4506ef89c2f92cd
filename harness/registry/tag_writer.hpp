// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "harness/registry/push.hpp"

namespace rtfx::registry {

/// The document of an index, in the canonical form. Members that rtfx does not know (artifactType, subject, os.version
/// of a platform) come from `before`, for the index itself and for each entry that is in both.
Document index_document(const oci::Index& index, const std::string& before = "");

/// Makes the tag stand for an index with `ours` in place of what it has for their platforms; everything else that it
/// has stays. What `ours` name must be in the repository. Writes nothing when all is there already.
///
/// A registry has no "replace this only if nobody else has": another host may write between our reading and our
/// writing, and then our index lacks its arch, or its index ours. So the tag is read again at once, and once more when
/// the other's writing must be over; whoever finds its arch gone adds it again. On one host a lock keeps the order.
Pushed merge_into_tag(Client& client, const oci::Reference& tag,
                      const std::vector<oci::Descriptor>& ours, const std::filesystem::path& locks);

/// Makes the tag stand for exactly this; nothing is written when it does.
Pushed set_tag(Client& client, const oci::Reference& tag, const Document& document,
               const std::filesystem::path& locks);

/// The entries of an index, or an image as its only entry, with its platform.
std::vector<oci::Descriptor> entries_of(Client& client, const oci::Reference& reference,
                                        const Document& document);

/// The architectures of the images among the entries, in their order, each once.
std::vector<std::string> arches_of(const std::vector<oci::Descriptor>& entries);

}  // namespace rtfx::registry
