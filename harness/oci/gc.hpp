// SPDX-License-Identifier: Apache-2.0
//
// Removing what nothing refers to, beside builds and imports that run.
//
// A blob is written before the image that refers to it has a name, so between the two it looks like garbage. Whoever
// writes to a store therefore holds a shared lock (flock on `.writers` in the store) from its first blob until its Store
// object goes; the kernel ends the lock with the process, however that ends. Removing takes the same lock exclusively:
// it waits until nobody is in between, and nobody starts to write until it is done. So a blob without a name that the
// collector sees belongs to nobody, whatever its age, and so does a temporary file, whoever's process id it bears.
// Readers need no lock: what a name leads to is never removed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/oci/store.hpp"

namespace rtfx::oci {

struct Removed {
  std::vector<std::filesystem::path>
      files;  ///< blobs and temporary files of dead processes, sorted
  std::uint64_t bytes = 0;
};

struct GcOptions {
  bool dry_run = false;                   ///< only tell
  std::chrono::milliseconds patience{0};  ///< how long to wait for those who write
};

/// Removes the blobs that no entry of index.json leads to and what dead processes left. What the store's object itself
/// has written counts as finished. Throws Error when others go on writing for longer than the patience, and when a
/// manifest is corrupt, so that nobody knows what it leads to; then nothing is removed.
Removed collect_garbage(Store& store, const GcOptions& options = {}, std::stop_token stop = {});

/// Takes all names away, and everything else. Throws Error as above.
Removed remove_everything(Store& store, const GcOptions& options = {}, std::stop_token stop = {});

struct RemovedNames {
  std::vector<std::string> names;
  Removed blobs;
  bool postponed = false;  ///< somebody writes, or an image is damaged: the blobs stay
};

/// Takes names away, and the blobs that only they led to. Each of `names` is a name of the store, or docker's short
/// form of one ("linuxkit/x:y" for "docker.io/linuxkit/x:y") or the other way round. Throws Error, with the nearest
/// name, when there is none such; then nothing is removed. Damaged images can be removed as well.
RemovedNames remove_images(Store& store, const std::vector<std::string>& names);

/// The digests of everything that the entries of index.json lead to. Throws Error as collect_garbage().
std::set<Digest> referenced(const Store& store);

/// The name of the store that is meant, as above. Throws Error, with the nearest name, when there is none such.
std::string find_name(const Store& store, const std::string& name);

}  // namespace rtfx::oci
