// SPDX-License-Identifier: Apache-2.0
#include "results/compare.hpp"

#include <map>

#include "base/error.hpp"
#include "results/event_log.hpp"
#include "results/summary.hpp"

namespace rtfx::results {
namespace {

std::string change_of(const std::optional<UnitFinished>& before,
                      const std::optional<UnitFinished>& now) {
  if (!before && !now) return "";
  if (!before) return "new";
  if (!now) return "gone";
  const bool was_bad = rtf_result(before->result) == 1, is_bad = rtf_result(now->result) == 1;
  if (!was_bad && is_bad) return "broke";
  if (was_bad && now->result == Result::pass) return "mended";
  if (before->result != Result::pass || now->result != Result::pass) return "";
  const auto more = std::chrono::milliseconds(500);
  if (now->elapsed > before->elapsed + more && now->elapsed > before->elapsed * 3 / 2)
    return "slower";
  if (before->elapsed > now->elapsed + more && before->elapsed > now->elapsed * 3 / 2)
    return "faster";
  return "";
}

}  // namespace

std::vector<ComparedUnit> compare(const std::vector<RunRecord>& runs) {
  std::vector<ComparedUnit> compared;
  std::map<UnitId, std::size_t> places;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (const UnitRecord& unit : runs[i].units) {
      if (unit.planned.unit.kind != "case") continue;
      const auto [place, is_new] = places.try_emplace(unit.planned.unit, compared.size());
      if (is_new)
        compared.push_back(
            {unit.planned.unit, std::vector<std::optional<UnitFinished>>(runs.size()), ""});
      compared[place->second].results[i] = unit.finished;
    }
  }
  for (ComparedUnit& unit : compared)
    unit.change = change_of(unit.results.front(), unit.results.back());
  return compared;
}

RunRecord read_any_run(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path))
    throw Error(path.string() + " does not exist", ExitCode::usage);
  if (path.extension() == ".jsonl") return fold(read_events(path));
  if (!std::filesystem::is_directory(path)) return read_summary(path);
  if (std::filesystem::exists(path / "events.jsonl")) return read_run(path);
  return read_summary(path / "SUMMARY.json");
}

}  // namespace rtfx::results
