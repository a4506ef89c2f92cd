// SPDX-License-Identifier: Apache-2.0
#include "results/shards.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::results {
namespace {

struct Part {
  int number = 0, of = 0;
};

constexpr int most_parts = 100'000;

int number_of(std::string_view text) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size() ? value : 0;
}

std::vector<Part> parts_of(const RunRecord& run) {
  std::vector<Part> parts;
  for (const std::string& word : text::split_list(run.start.shard)) {
    const auto slash = word.find('/');
    const Part part{
        number_of(std::string_view(word).substr(0, slash)),
        slash == std::string::npos ? 0 : number_of(std::string_view(word).substr(slash + 1))};
    if (part.number < 1 || part.of < part.number || part.of > most_parts) {
      throw Error(
          fmt::format("run {}: the shard \"{}\" is not N/M, such as 2/5", run.start.run_id, word),
          ExitCode::usage);
    }
    parts.push_back(part);
  }
  return parts;
}

/// What is divided: the tests for these architectures with these labels. An empty shard has no
/// units, but the labels of a run name its architectures.
struct Whole {
  std::string arches, labels;
  auto operator<=>(const Whole&) const = default;
};

std::set<std::string> arches_of(const std::vector<RunRecord>& runs) {
  std::set<std::string> arches;
  for (const RunRecord& run : runs) {
    for (const UnitRecord& unit : run.units) arches.insert(unit.planned.unit.arch);
  }
  return arches;
}

Whole whole_of(const RunRecord& run, const std::set<std::string>& arches) {
  std::vector<std::string> own;
  for (const std::string& label : run.start.labels) {
    if (arches.contains(label)) own.push_back(label);
  }
  return {text::join(own, ","), run.start.given_labels};
}

/// A division of which every part is there covers the others of its architectures.
bool complete(const std::map<int, std::set<int>>& divisions) {
  for (const auto& [of, numbers] : divisions) {
    if (numbers.size() == static_cast<std::size_t>(of)) return true;
  }
  return false;
}

void add_missing(const Whole& whole, const std::map<int, std::set<int>>& divisions, bool several,
                 std::vector<std::string>& missing) {
  if (complete(divisions)) return;
  for (const auto& [of, numbers] : divisions) {
    for (int number = 1; number <= of; ++number) {
      if (numbers.contains(number)) continue;
      missing.push_back(fmt::format("{}/{}", number, of));
      if (several && !whole.arches.empty()) missing.back() += " (" + whole.arches + ")";
    }
  }
}

}  // namespace

ShardCover cover_of(const std::vector<RunRecord>& runs) {
  const std::set<std::string> arches = arches_of(runs);
  ShardCover cover;
  std::map<Whole, std::map<int, std::set<int>>> all;  // the parts that are there of each division
  std::set<Whole> undivided;
  for (const RunRecord& run : runs) {
    const Whole whole = whole_of(run, arches);
    const std::vector<Part> parts = parts_of(run);
    if (parts.empty()) undivided.insert(whole);
    for (const Part& part : parts) {
      cover.present.push_back(fmt::format("{}/{}", part.number, part.of));
      all[whole][part.of].insert(part.number);
    }
  }
  for (const auto& [whole, divisions] : all) {
    if (!undivided.contains(whole)) add_missing(whole, divisions, all.size() > 1, cover.missing);
  }
  return cover;
}

}  // namespace rtfx::results
