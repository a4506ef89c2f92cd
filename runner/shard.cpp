// SPDX-License-Identifier: Apache-2.0
#include "runner/shard.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <queue>
#include <tuple>

#include "base/digest.hpp"

namespace rtfx::runner {
namespace {

using std::chrono::nanoseconds;

std::vector<int> by_count(std::size_t size, int count) {
  std::vector<int> shards(size);
  for (int index = 1; index <= count; ++index) {
    const ShardRange range = shard_range(size, index, count);
    std::fill_n(shards.begin() + static_cast<std::ptrdiff_t>(range.start), range.count, index);
    if (range.count == 0) break;
  }
  return shards;
}

int hashed(const ShardItem& item, int count) {
  const std::string hex = Digest::of(item.name + '\0' + item.arch).hex();
  const std::uint64_t number = std::stoull(hex.substr(0, 16), nullptr, 16);
  return static_cast<int>(number % static_cast<std::uint64_t>(count)) + 1;
}

nanoseconds median_of_known(const std::vector<ShardItem>& items) {
  std::vector<nanoseconds> known;
  for (const ShardItem& item : items) {
    if (item.duration) known.push_back(*item.duration);
  }
  if (known.empty()) return std::chrono::seconds(1);
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  return *middle;
}

/// Names and arches break ties, so that the order in the tree has no say.
std::vector<int> by_duration(const std::vector<ShardItem>& items, int count) {
  const nanoseconds unknown = median_of_known(items);
  const auto duration = [&](std::size_t i) { return items[i].duration.value_or(unknown); };
  std::vector<std::size_t> longest_first(items.size());
  std::iota(longest_first.begin(), longest_first.end(), std::size_t{0});
  std::sort(longest_first.begin(), longest_first.end(), [&](std::size_t a, std::size_t b) {
    const nanoseconds of_a = duration(a), of_b = duration(b);
    return std::tie(of_b, items[a].name, items[a].arch) <
           std::tie(of_a, items[b].name, items[b].arch);
  });
  // What a shard has to do, how many items it has, its number: the least of these is next.
  using Load = std::tuple<nanoseconds, std::size_t, int>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  const int used = static_cast<int>(std::min(items.size(), static_cast<std::size_t>(count)));
  for (int index = 1; index <= used; ++index) loads.emplace(nanoseconds(0), 0, index);
  std::vector<int> shards(items.size());
  for (const std::size_t i : longest_first) {
    const auto [load, size, index] = loads.top();
    loads.pop();
    shards[i] = index;
    loads.emplace(load + duration(i), size + 1, index);
  }
  return shards;
}

}  // namespace

std::vector<int> divide(const std::vector<ShardItem>& items, int count, Shard::By by) {
  switch (by) {
    case Shard::By::count:
      return by_count(items.size(), count);
    case Shard::By::hash: {
      std::vector<int> shards;
      for (const ShardItem& item : items) shards.push_back(hashed(item, count));
      return shards;
    }
    case Shard::By::duration:
      return by_duration(items, count);
  }
  return {};
}

ShardRange shard_range(std::size_t size, int index, int count) {
  const auto shards = static_cast<std::size_t>(count), before = static_cast<std::size_t>(index - 1);
  const std::size_t each = size / shards, rest = size % shards;
  return {before * each + std::min(before, rest), each + (before < rest ? 1 : 0)};
}

}  // namespace rtfx::runner
