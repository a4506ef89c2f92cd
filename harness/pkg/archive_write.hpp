// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "harness/pkg/archive.hpp"

namespace rtfx::pkg {

/// Writes `packages` as an archive of their own into the new directory `target`: the index `Packages` with their entries
/// as they stand in the archive's, a `Release` file whose time is `timestamp` (seconds since the epoch) and that also has
/// `fields`, and the files where the index says, as hard links where that is possible. The same packages give the same
/// bytes. apt reads it as "deb [trusted=yes] file:TARGET ./".
void write_archive(const std::vector<ArchivePackage>& packages, const ArchiveSource& source,
                   std::int64_t timestamp,
                   const std::vector<std::pair<std::string, std::string>>& fields,
                   const std::filesystem::path& target);

}  // namespace rtfx::pkg
