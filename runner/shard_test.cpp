// SPDX-License-Identifier: Apache-2.0
#include "runner/shard.hpp"

#include <gmock/gmock.h>

#include <map>
#include <numeric>
#include <random>

#include "runner/plan.hpp"
#include "runner/test_tree.hpp"

namespace rtfx::runner {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

/// The figures of linuxkit/rtf, local/group_test.go.
TEST(Shard, by_count_is_rtfs) {
  const auto range = [](std::size_t size, int index, int count) {
    const ShardRange found = shard_range(size, index, count);
    return std::pair(found.start, found.count);
  };
  EXPECT_EQ(range(22, 1, 10), std::pair(std::size_t{0}, std::size_t{3}));
  EXPECT_EQ(range(22, 2, 10), std::pair(std::size_t{3}, std::size_t{3}));
  EXPECT_EQ(range(22, 3, 10), std::pair(std::size_t{6}, std::size_t{2}));
  EXPECT_EQ(range(29, 10, 10), std::pair(std::size_t{27}, std::size_t{2}));
  EXPECT_EQ(range(2, 2, 6), std::pair(std::size_t{1}, std::size_t{1}));
  EXPECT_EQ(range(2, 3, 6).second, 0u);
  EXPECT_THAT(divide({{"a", "x"}, {"b", "x"}, {"c", "x"}}, 2, Shard::By::count),
              ElementsAre(1, 1, 2));
  EXPECT_THAT(divide({{"a", "x"}}, 2000000000, Shard::By::count), ElementsAre(1));
}

std::vector<ShardItem> numbered(int count) {
  std::vector<ShardItem> items;
  for (int i = 0; i < count; ++i) items.push_back({"top.case" + std::to_string(i), "amd64"});
  return items;
}

TEST(Shard, by_hash_moves_nothing_when_cases_come_and_go) {
  const auto before = divide(numbered(100), 7, Shard::By::hash);
  auto more = numbered(100);
  more.insert(more.begin() + 30, {"top.new", "amd64"});
  auto after = divide(more, 7, Shard::By::hash);
  after.erase(after.begin() + 30);
  EXPECT_EQ(before, after);
  EXPECT_NE(divide({{"t", "amd64"}}, 1000, Shard::By::hash),
            divide({{"t", "arm64"}}, 1000, Shard::By::hash));
  // The division is part of the interface: shards of one pipeline may run different versions.
  EXPECT_THAT(divide(numbered(4), 5, Shard::By::hash), ElementsAre(3, 3, 3, 2));
}

TEST(Shard, by_duration_is_balanced) {
  std::vector<ShardItem> items;
  for (int i = 1; i <= 10; ++i) items.push_back({"t" + std::to_string(i), "x", seconds(i)});
  const auto shards = divide(items, 3, Shard::By::duration);
  std::map<int, seconds> load;
  for (std::size_t i = 0; i < items.size(); ++i)
    load[shards[i]] += std::chrono::duration_cast<seconds>(*items[i].duration);
  EXPECT_EQ(load.size(), 3u);
  for (const auto& [shard, sum] : load)
    EXPECT_NEAR(static_cast<double>(sum.count()), 55 / 3.0, 2) << shard;
}

TEST(Shard, by_duration_counts_unknown_ones_as_the_median) {
  EXPECT_THAT(
      divide({{"a", "x", seconds(9)}, {"b", "x", seconds(3)}, {"c", "x"}, {"d", "x", seconds(1)}},
             2, Shard::By::duration),
      ElementsAre(1, 2, 2, 2));
  const auto even = divide(numbered(6), 3, Shard::By::duration);
  for (int shard = 1; shard <= 3; ++shard)
    EXPECT_EQ(std::count(even.begin(), even.end(), shard), 2);
}

TEST(Shard, by_duration_does_not_depend_on_the_order) {
  auto items = numbered(30);
  for (std::size_t i = 0; i < items.size(); i += 2) items[i].duration = seconds(i % 5);
  const auto shards = divide(items, 4, Shard::By::duration);
  std::map<std::string, int> of_name;
  for (std::size_t i = 0; i < items.size(); ++i) of_name[items[i].name] = shards[i];
  std::reverse(items.begin(), items.end());
  const auto reversed = divide(items, 4, Shard::By::duration);
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(of_name[items[i].name], reversed[i]);
}

/// A tree with labels, repetitions and nested groups, as the seed has it.
void random_tree(std::mt19937& random, TestTree& tree) {
  const auto pick = [&](unsigned most) { return static_cast<unsigned>(random() % (most + 1)); };
  const char* headers[] = {"",
                           "# LABELS: slow\n",
                           "# LABELS: amd64\n",
                           "# LABELS: arm64\n",
                           "# LABELS: !slow\n",
                           "# REPEAT: 3\n",
                           "# REPEAT: slow:2\n",
                           "# LABELS: s390x, amd64\n# REPEAT: 2\n"};
  if (pick(1) == 0) tree.group("", "# NAME: top\n");
  for (unsigned i = 0, count = 1 + pick(14); i < count; ++i) {
    std::string directory;
    for (unsigned depth = pick(2); depth > 0; --depth)
      directory += std::to_string(pick(2)) + "_g" + std::to_string(pick(1)) + "/";
    tree.test(directory + std::to_string(pick(3)) + "_t" + std::to_string(pick(5)),
              headers[pick(static_cast<unsigned>(std::size(headers)) - 1)]);
    if (!directory.empty() && pick(3) == 0) tree.group(directory, "# LABELS: slow\n");
  }
}

TEST(Shard, every_unit_is_in_exactly_one) {
  const ArchTable arches = ArchTable::builtin();
  std::mt19937 random(20240501);
  for (int round = 0; round < 60; ++round) {
    TestTree tree;
    random_tree(random, tree);
    const Group& root = tree.load();
    ASSERT_TRUE(tree.diagnostics.empty()) << testing::PrintToString(tree.diagnostics.messages());
    RunOptions options;
    options.labels = random() % 2 ? "slow" : "";
    for (const char* arch : {"amd64", "arm64", "s390x"}) {
      if (random() % 2 || options.arches.empty()) options.arches.push_back(arches.find(arch));
    }
    options.duration = [](const results::UnitId& unit) -> std::optional<std::chrono::nanoseconds> {
      if (unit.name.size() % 3 == 0) return std::nullopt;
      return seconds(unit.name.back() % 4);
    };
    const Plan whole = make_plan(root, options, arches);
    for (const auto by : {Shard::By::count, Shard::By::hash, Shard::By::duration}) {
      const int count = static_cast<int>(2 + random() % 6);
      std::map<int, results::UnitId> units;
      std::map<std::pair<const Case*, std::string>, int> shard_of;
      for (int index = 1; index <= count; ++index) {
        options.shard = {index, count, by};
        int last = -1;
        for (const CaseUnit& unit : make_plan(root, options, arches).units) {
          const int order = unit.planned.order;
          EXPECT_GT(order, std::exchange(last, order));
          EXPECT_TRUE(units.emplace(order, unit.planned.unit).second) << unit.planned.unit.name;
          EXPECT_TRUE(unit.skip_reason.empty() || index == 1);
          const auto [known, fresh] = shard_of.try_emplace({unit.test, unit.arch->name}, index);
          EXPECT_EQ(known->second, index) << "iterations stay together";
        }
      }
      ASSERT_EQ(units.size(), whole.units.size());
      for (std::size_t i = 0; i < whole.units.size(); ++i)
        EXPECT_EQ(units.at(static_cast<int>(i)), whole.units[i].planned.unit);
    }
    options.shard = {};
  }
}

}  // namespace
}  // namespace rtfx::runner
