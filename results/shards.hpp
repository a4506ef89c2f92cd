// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "results/record.hpp"

namespace rtfx::results {

/// How the shards of several runs fit together. Runs for different architectures are divided on their
/// own.
struct ShardCover {
  std::vector<std::string> present;  ///< "1/3" ...; empty when no run is a shard
  std::vector<std::string> missing;  ///< parts of a division of which others are there
};

/// Throws Error for a shard that is not "N/M" (or, of merged runs, several of them with commas).
ShardCover cover_of(const std::vector<RunRecord>& runs);

}  // namespace rtfx::results
