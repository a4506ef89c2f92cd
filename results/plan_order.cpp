// SPDX-License-Identifier: Apache-2.0
#include "results/plan_order.hpp"

#include <algorithm>
#include <climits>
#include <compare>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rtfx::results {
namespace {

/// Where the cases below a group are.
struct Range {
  int first = INT_MAX, last = -1;
};
using Ranges = std::unordered_map<std::string, Range>;

std::string key_of(std::string_view group, const std::string& arch) {
  return std::string(group) + "\n" + arch;
}

Ranges ranges_of(const std::vector<UnitRecord>& units) {
  Ranges ranges;
  for (const UnitRecord& unit : units) {
    const UnitId& planned = unit.planned.unit;
    const int order = unit.planned.order;
    if (planned.kind != "case") continue;
    for (auto dot = planned.name.find('.'); dot != std::string::npos;
         dot = planned.name.find('.', dot + 1)) {
      Range& range = ranges[key_of(std::string_view(planned.name).substr(0, dot), planned.arch)];
      range.first = std::min(range.first, order);
      range.last = std::max(range.last, order);
    }
  }
  return ranges;
}

struct Place {
  int section = 0, order = 0, depth = 0;
  auto operator<=>(const Place&) const = default;
};

Place place_of(const UnitRecord& unit, const Ranges& ranges) {
  const UnitId& id = unit.planned.unit;
  if (id.kind != "group") return {unit.planned.order < 0 ? 0 : 2, unit.planned.order, 0};
  const auto colons = id.name.rfind("::");
  const auto found = ranges.find(key_of(std::string_view(id.name).substr(0, colons), id.arch));
  const Range range = found == ranges.end() ? Range{} : found->second;
  const int depth = static_cast<int>(std::count(id.name.begin(), id.name.end(), '.'));
  if (id.name.ends_with("::init")) return {1, range.first, depth};
  return {3, range.last, -depth};
}

}  // namespace

void sort_as_planned(std::vector<UnitRecord>& units) {
  const bool known = std::all_of(units.begin(), units.end(), [](const UnitRecord& unit) {
    return unit.planned.unit.kind != "case" || unit.planned.order >= 0;
  });
  if (!known) return;
  const Ranges ranges = ranges_of(units);
  std::vector<std::pair<Place, std::size_t>> places;
  places.reserve(units.size());
  for (std::size_t i = 0; i < units.size(); ++i) places.emplace_back(place_of(units[i], ranges), i);
  std::sort(places.begin(), places.end());
  std::vector<UnitRecord> sorted;
  sorted.reserve(units.size());
  for (const auto& [place, i] : places) sorted.push_back(std::move(units[i]));
  units = std::move(sorted);
}

}  // namespace rtfx::results
