// SPDX-License-Identifier: Apache-2.0
//
// SUMMARY.json: rtf's keys, and ours beside them.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "results/reports.hpp"
#include "results/rows.hpp"
#include "results/summary.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

using Json = nlohmann::ordered_json;

std::string clean(const std::string& text) { return text::printable(text); }

void put(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = clean(value);
}

Json row_json(const Row& row) {
  Json json;
  json["name"] = clean(row.planned->unit.name);
  json["result"] = row.rtf_result;
  if (row.finished) put(json, "benchmark", row.finished->benchmark);
  if (row.start) json["start"] = format_time(*row.start);
  if (row.end) json["end"] = format_time(*row.end);
  json["duration"] = row.elapsed.count();
  json["kind"] = clean(row.planned->unit.kind);
  json["arch"] = clean(row.planned->unit.arch);
  json["status"] = row.status;
  put(json, "reason", row.reason);
  put(json, "summary", row.planned->summary);
  put(json, "issue", row.planned->issue);
  if (!row.finished) return json;
  put(json, "log", row.finished->log);
  if (row.finished->leaked) json["leaked"] = true;
  put(json, "key", row.finished->key);
  put(json, "reused_from", row.finished->reused_from);
  return json;
}

Json labels_json(const std::vector<std::string>& labels) {
  Json json = Json::array();
  for (const auto& label : labels) json.push_back(clean(label));
  return json;
}

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
  unit.finished = finished;
  return unit;
}

RunRecord read_summary_json(const Json& json) {
  RunRecord run;
  run.start.run_id = json.value("id", "");
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

std::string summary_json(const RunRecord& run) {
  const Counts counts = count(run);
  Json json;
  json["id"] = clean(run.start.run_id);
  if (run.begin) json["start"] = format_time(*run.begin);
  if (run.end) json["end"] = format_time(*run.end);
  const RunStarted& start = run.start;
  json["system"] = {{"os", clean(start.host_os)},           {"name", clean(start.host_name)},
                    {"version", clean(start.host_version)}, {"arch", clean(start.host_arch)},
                    {"model", clean(start.host_model)},     {"cpu", clean(start.host_cpu)},
                    {"memory", start.host_memory}};
  json["labels"] = labels_json(start.labels);
  put(json, "version", start.version);
  put(json, "commit", start.commit);
  json["complete"] = run.finished;
  json["passed"] = counts.passed;
  json["failed"] = counts.failed;
  json["errored"] = counts.errored;
  json["timed_out"] = counts.timed_out;
  json["skipped"] = counts.skipped;
  json["cancelled"] = counts.cancelled;
  json["missing"] = counts.missing;
  json["subjects"] = Json::array();
  for (const auto& subject : start.subjects) {
    json["subjects"].push_back({{"name", clean(subject.name)},
                                {"arch", clean(subject.arch)},
                                {"digest", clean(subject.digest)}});
  }
  json["results"] = Json::array();
  for (const Row& row : report_rows(run)) json["results"].push_back(row_json(row));
  return json.dump(1) + "\n";
}

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
