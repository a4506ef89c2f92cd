// SPDX-License-Identifier: Apache-2.0
//
// Reads a SUMMARY.json, of rtfx or of rtf, back into a record.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "results/summary.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

using Json = nlohmann::json;

/// rtf's numbers, for files that it wrote.
Result result_of_number(int number) {
  switch (number) {
    case 0:
      return Result::pass;
    case 1:
      return Result::fail;
    case 2:
      return Result::skip;
    case 3:
      return Result::cancel;
    default:
      throw Error("result " + std::to_string(number) + " is not one of 0, 1, 2 and 3");
  }
}

UnitRetried read_attempt(const UnitRecord& unit, const Json& json) {
  UnitRetried attempt;
  attempt.unit = unit.planned.unit;
  attempt.attempt = static_cast<int>(unit.retried.size()) + 1;
  attempt.result = parse_result(json.value("status", ""));
  attempt.reason = json.value("reason", "");
  attempt.elapsed = std::chrono::nanoseconds(json.value("duration", std::int64_t{0}));
  attempt.log = json.value("log", "");
  return attempt;
}

UnitRecord read_row(const Json& json) {
  UnitRecord unit;
  unit.planned.unit = {json.value("kind", "case"), json.value("name", ""), json.value("arch", "")};
  if (json.value("status", "") == "missing") return unit;
  UnitFinished finished;
  finished.unit = unit.planned.unit;
  finished.result = json.contains("status") ? parse_result(json["status"].get<std::string>())
                                            : result_of_number(json.value("result", -1));
  finished.benchmark = json.value("benchmark", "");
  finished.reason = json.value("reason", "");
  finished.elapsed = std::chrono::nanoseconds(json.value("duration", std::int64_t{0}));
  finished.leaked = json.value("leaked", false);
  finished.log = json.value("log", "");
  finished.key = json.value("key", "");
  finished.reused_from = json.value("reused_from", "");
  unit.finished = finished;
  for (const auto& attempt : json.value("attempts", Json::array()))
    unit.retried.push_back(read_attempt(unit, attempt));
  return unit;
}

RunRecord read_summary_json(const Json& json) {
  RunRecord run;
  run.start.run_id = json.value("id", "");
  run.finished = json.value("complete", true);  // rtf writes the file at the end
  if (json.contains("start")) run.begin = parse_time(json["start"].get<std::string>());
  if (json.contains("end")) run.end = parse_time(json["end"].get<std::string>());
  if (const auto system = json.find("system"); system != json.end()) {
    run.start.host_os = system->value("os", "");
    run.start.host_name = system->value("name", "");
    run.start.host_version = system->value("version", "");
    run.start.host_arch = system->value("arch", "");
    run.start.host_model = system->value("model", "");
    run.start.host_cpu = system->value("cpu", "");
    run.start.host_memory = system->value("memory", std::int64_t{-1});
  }
  // rtf leaves the results out when it ran nothing.
  if (!json.is_object() || !(json.contains("results") || json.contains("start")))
    throw Error("not a SUMMARY.json: it has no \"results\"", ExitCode::usage);
  if (!json.contains("results") || json["results"].is_null()) return run;
  for (const auto& row : json["results"]) run.units.push_back(read_row(row));
  return run;
}

}  // namespace

RunRecord read_summary(const std::filesystem::path& file) {
  return in_context(file.string(), [&] {
    try {
      return read_summary_json(Json::parse(read_file(file)));
    } catch (const Json::exception& problem) {
      throw Error(std::string("not a SUMMARY.json: ") + problem.what(), ExitCode::usage);
    }
  });
}

}  // namespace rtfx::results
