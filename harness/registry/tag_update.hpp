// SPDX-License-Identifier: Apache-2.0
//
// Changing what a tag stands for when others may change it too.
//
// A registry has no "replace this only if nobody else has": another host may write between our reading and our
// writing, and then our document lacks its part, or its document ours. So the tag is read again at once, and once more
// when the other's writing must be over; whoever finds its part gone adds it again. On one host a lock keeps the order.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "harness/registry/push.hpp"

namespace rtfx::registry {

/// Is given what a tag is going to stand for, before it does (and also when it does already).
using BeforeTagged = std::function<void(const Document&)>;

struct TagUpdate {
  oci::Reference tag;
  /// What the tag should stand for, given what it stands for now (nullopt: nothing); nullopt: that is right already.
  /// Called again whenever somebody else has written meanwhile.
  std::function<std::optional<Document>(const std::optional<Document>& now)> wanted;
  /// May take its time: what the tag stands for is looked at again after it, and merged anew if it has changed, for
  /// which this is called again. Called once for each different document; by one thread at a time. May be empty.
  BeforeTagged before{};
};

struct TagUpdated {
  Pushed::Change change = Pushed::Change::unchanged;
  Document document;  ///< what the tag stands for now, read back
};

/// Updates tags, four at once; the wait for other hosts is one for all of them. `locks`: where publishers of one host
/// wait for each other. Throws Error; then some of the tags may have been written.
std::vector<TagUpdated> update_tags(Client& client, const std::vector<TagUpdate>& updates,
                                    const std::filesystem::path& locks);

}  // namespace rtfx::registry
