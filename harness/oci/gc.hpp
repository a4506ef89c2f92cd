// SPDX-License-Identifier: Apache-2.0
//
// Removing what nothing refers to, beside builds and imports that run.
//
// A blob is written before the image that refers to it has a name, so between the two it looks like garbage. Whoever
// writes to a store therefore holds a shared lock (flock on `.writers` in the store) from its first blob until its Store
// object goes; the kernel ends the lock with the process, however that ends. Removing takes the same lock exclusively:
// it waits until nobody is in between, and nobody starts to write until it is done. Readers need no lock: what a name
// refers to is never removed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
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

/// Removes the blobs that no name leads to and what dead processes left. Throws Error when others go on writing for
/// longer than the patience, and when an image cannot be followed because it is damaged (nothing is removed then).
Removed collect_garbage(Store& store, const GcOptions& options, std::stop_token stop = {});

struct RemovedNames {
  std::vector<std::string> names;
  Removed blobs;
  bool postponed = false;  ///< somebody writes: the blobs are left to collect_garbage
};

/// Takes names away, and the blobs that only they led to. Each of `names` is a name in the store, or docker's short
/// form of one ("linuxkit/x:y" for "docker.io/linuxkit/x:y") or the other way round. Throws Error, with the nearest
/// name, when there is none such; then nothing is removed.
RemovedNames remove_images(Store& store, const std::vector<std::string>& names);

}  // namespace rtfx::oci
