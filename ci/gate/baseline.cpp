// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "ci/gate/json_reader.hpp"
#include "ci/gate/verdict.hpp"

namespace rtfx::gate {
namespace {

constexpr std::array known_results = {"pass",    "flaky", "fail",   "error",
                                      "timeout", "skip",  "cancel", "missing"};

std::string result_of(const results::UnitRecord& unit) {
  if (!unit.finished || unit.finished->interrupted) return "missing";
  return unit.flaky() ? "flaky" : results::result_name(unit.finished->result);
}

}  // namespace

Baseline baseline_of(const results::RunRecord& run, const std::string& source) {
  Baseline baseline{source, {}, true};
  for (const results::UnitRecord& unit : run.units)
    baseline.results[unit.planned.unit] = result_of(unit);
  return baseline;
}

Baseline baseline_of(const Verdict& verdict, const std::string& source) {
  if (!verdict.ships)
    throw Error(source + " did not ship, so it is no released state to compare with",
                ExitCode::usage);
  Baseline baseline{source, {}, true};
  for (const ArchVerdict& arch : verdict.arches) {
    if (!arch.first_class) continue;
    for (const Judgement& judgement : arch.units)
      baseline.results[judgement.unit] = judgement.result;
  }
  return baseline;
}

Baseline parse_baseline(std::string_view text, const std::string& source) {
  const Json json = parse_json(text, source);
  JsonReader reader(json, source);
  Baseline baseline{source, {}, false};
  if (reader.has("complete")) baseline.complete = reader.boolean("complete");
  std::size_t number = 0;
  for (const Json& item : reader.list("units")) {
    JsonReader unit(item, fmt::format("{}: units[{}]", source, number++));
    const results::UnitId id{unit.text("kind"), unit.text("name"), unit.text("arch")};
    const std::string result = unit.text("result");
    if (std::find(known_results.begin(), known_results.end(), result) == known_results.end())
      unit.fail("\"result\": \"" + result + "\" is no result");
    baseline.results[id] = result;
  }
  return baseline;
}

std::string baseline_json(const Baseline& baseline) {
  std::string text = fmt::format("  \"complete\": {},\n  \"units\": [", baseline.complete);
  const char* separator = "\n    ";
  for (const auto& [unit, result] : baseline.results) {
    const Json json{
        {"kind", unit.kind}, {"name", unit.name}, {"arch", unit.arch}, {"result", result}};
    text += separator + json.dump(-1, ' ', false, Json::error_handler_t::replace);
    separator = ",\n    ";
  }
  return text + (baseline.results.empty() ? "]" : "\n  ]");
}

}  // namespace rtfx::gate
