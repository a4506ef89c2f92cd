// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace rtfx::kernel {

/// What remove_unused() removed, or would.
struct Unused {
  std::vector<std::filesystem::path> paths;  ///< folders and downloaded files, sorted
  std::uint64_t bytes = 0;                   ///< that they took on the disk
  bool busy = false;                         ///< a kernel is being built, so nothing was looked at
};

/// Says that a source or the folder of its objects is in use now: by its time of modification, since nothing is written
/// into sources.
void mark_used(const std::filesystem::path& folder);

/// Removes, from the folder of the cache where kernels are built (compile.hpp), sources, objects and downloads that were
/// not used for `age`, and what killed processes left. Does not wait for a kernel that is being built. A removal that is
/// cut short leaves nothing that looks whole. Throws Error when something cannot be removed.
Unused remove_unused(const std::filesystem::path& folder, std::chrono::hours age, bool dry_run);

}  // namespace rtfx::kernel
