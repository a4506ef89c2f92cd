// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "harness/pkg/build.hpp"
#include "harness/pkg/tool.hpp"

namespace rtfx::pkg {

/// Makes the root filesystem that a package depends on (depends.rootfs) as a tar file at `target`, with mmdebstrap and
/// from the archive `mirror`. With the variant "extract" nothing of the arch is run. For the variants whose packages are
/// known beforehand, "extract" and "custom", the downloads in `cache` are used (archive.hpp); others download what they
/// need each time. Temporary files go to `temporary`.
void make_rootfs(const Package& package, const Arch& arch, const std::string& mirror,
                 std::int64_t timestamp, const std::filesystem::path& target,
                 const std::filesystem::path& temporary, const std::filesystem::path& cache,
                 const Steps& steps);

}  // namespace rtfx::pkg
