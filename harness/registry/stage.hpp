// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "harness/registry/registry.hpp"

namespace rtfx::registry {

/// What was written; all zero when everything was there.
struct Staged {
  std::size_t blobs_sent = 0;     ///< uploaded
  std::size_t blobs_mounted = 0;  ///< taken over from another repository of the registry
  std::size_t manifests_sent = 0;
};

/// Brings manifests and indexes, with all that they refer to, into the repository, untagged: blobs, then images, then
/// the indexes that list them, over four connections. What is there is not sent again (but small blobs of a manifest that
/// is missing, Client::give_blob()), and nothing is asked about what it refers to: a registry takes a manifest only when
/// it has that. So an entry that is there costs one HEAD. What an index lists has to be in the store only as far as the
/// repository lacks it. Memory does not grow with the size of blobs. Throws Error; then nothing names what was written,
/// and staging again goes on.
Staged stage(Client& client, const oci::Store& store, const oci::Reference& repository,
             const std::vector<oci::Descriptor>& entries);

}  // namespace rtfx::registry
