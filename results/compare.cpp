// SPDX-License-Identifier: Apache-2.0
#include "results/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "results/event_log.hpp"
#include "results/summary.hpp"

namespace rtfx::results {
namespace {

constexpr auto least_difference = std::chrono::milliseconds(500);

bool much_longer(std::chrono::nanoseconds a, std::chrono::nanoseconds b) {
  return a > b + least_difference && a > b * 3 / 2;
}

Change change_between(const ComparedResult& before, const ComparedResult& now) {
  if (now.bad()) return before.bad() ? Change::none : Change::broke;
  if (now.result != Result::pass) return Change::none;
  if (now.flaky) return before.flaky ? Change::none : Change::flaky;
  if (before.bad()) return Change::mended;
  if (before.result != Result::pass) return Change::none;
  if (much_longer(now.elapsed, before.elapsed)) return Change::slower;
  if (much_longer(before.elapsed, now.elapsed)) return Change::faster;
  return Change::none;
}

Change change_of(const std::vector<std::optional<ComparedResult>>& results) {
  if (results.size() < 2) return Change::none;
  if (!results.back()) return Change::gone;
  const auto first = std::find_if(results.begin(), results.end(),
                                  [](const auto& result) { return result.has_value(); });
  if (first + 1 == results.end()) return Change::appeared;
  return change_between(**first, *results.back());
}

ComparedResult result_of(const UnitRecord& unit) {
  if (!unit.finished) return {};
  const UnitFinished& finished = *unit.finished;
  return {finished.result, finished.reason, finished.benchmark, finished.elapsed, unit.flaky()};
}

using Arches = std::map<std::string, std::set<std::string>>;

/// For which architectures the runs have each case.
Arches arches_of(const std::vector<RunRecord>& runs) {
  Arches arches;
  for (const RunRecord& run : runs) {
    for (const UnitRecord& unit : run.units) {
      const UnitId& id = unit.planned.unit;
      if (!id.arch.empty()) arches[id.name].insert(id.arch);
    }
  }
  return arches;
}

UnitId with_arch(UnitId unit, const RunRecord& run, const Arches& arches) {
  const auto known = arches.find(unit.name);
  if (!unit.arch.empty() || known == arches.end()) return unit;
  if (known->second.contains(run.start.host_arch)) {
    unit.arch = run.start.host_arch;
  } else if (known->second.size() == 1) {
    unit.arch = *known->second.begin();
  }
  return unit;
}

}  // namespace

std::string change_name(Change change) {
  switch (change) {
    case Change::none:
      return "";
    case Change::broke:
      return "broke";
    case Change::mended:
      return "mended";
    case Change::flaky:
      return "flaky";
    case Change::slower:
      return "slower";
    case Change::faster:
      return "faster";
    case Change::appeared:
      return "new";
    case Change::gone:
      return "gone";
  }
  return "";
}

std::vector<ComparedUnit> compare(const std::vector<RunRecord>& runs) {
  const Arches arches = arches_of(runs);
  std::vector<ComparedUnit> compared;
  std::map<std::pair<UnitId, int>, std::size_t> places;  // rtf runs cases that have the same name
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::map<UnitId, int> met;
    for (const UnitRecord& unit : runs[i].units) {
      if (unit.planned.unit.kind != "case") continue;
      const UnitId id = with_arch(unit.planned.unit, runs[i], arches);
      const auto [place, is_new] = places.try_emplace({id, met[id]++}, compared.size());
      if (is_new)
        compared.push_back(
            {id, std::vector<std::optional<ComparedResult>>(runs.size()), Change::none});
      compared[place->second].results[i] = result_of(unit);
    }
  }
  for (ComparedUnit& unit : compared) unit.change = change_of(unit.results);
  return compared;
}

std::string describe_changes(const std::vector<ComparedUnit>& units) {
  constexpr std::array<Change, 7> all{Change::broke,  Change::mended, Change::flaky,
                                      Change::slower, Change::faster, Change::appeared,
                                      Change::gone};
  std::vector<std::string> parts;
  for (const Change change : all) {
    const auto number = std::count_if(units.begin(), units.end(),
                                      [&](const auto& unit) { return unit.change == change; });
    if (number > 0) parts.push_back(fmt::format("{} {}", number, change_name(change)));
  }
  return parts.empty() ? "nothing changed" : text::join(parts, ", ");
}

RunRecord read_any_run(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  if (!fs::exists(path)) throw Error(path.string() + " does not exist", ExitCode::usage);
  if (path.extension() == ".jsonl") {
    Fold fold;
    for_each_event(path, [&](Event&& event) { fold.add(std::move(event)); });
    return fold.take();
  }
  if (!fs::is_directory(path)) return read_summary(path);
  if (fs::exists(path / "events.jsonl")) return read_run(path);
  if (fs::exists(path / "SUMMARY.json")) return read_summary(path / "SUMMARY.json");
  throw Error(
      path.string() + " is not the folder of a run: it has neither events.jsonl nor SUMMARY.json",
      ExitCode::usage);
}

}  // namespace rtfx::results
