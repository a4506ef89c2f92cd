// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runner/run.hpp"

namespace rtfx::runner {

/// What is given to a shard as a whole: a case, with all its iterations, for one arch.
struct ShardItem {
  std::string name, arch;
  std::optional<std::chrono::nanoseconds> duration = {};  ///< when it is known
};

/// The shard of each item, from 1 to `count`.
/// - count: neighbours stay together, the first shards get one more when it does not come out even
///   (linuxkit/rtf, local/group.go, calculateShard).
/// - hash: decided by name and arch alone, so that other cases that come and go move nothing.
/// - duration: the longest first, each to the shard that has least to do. An unknown duration counts
///   as the median of the known ones, or a second.
std::vector<int> divide(const std::vector<ShardItem>& items, int count, Shard::By by);

/// The part of `size` things that a shard gets by count.
struct ShardRange {
  std::size_t start = 0, count = 0;
};
ShardRange shard_range(std::size_t size, int index, int count);

}  // namespace rtfx::runner
