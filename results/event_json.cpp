// SPDX-License-Identifier: Apache-2.0
//
// One event as one line of JSON. The schema is documented in docs/results.md; a field that is empty
// is left out.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "results/event_log.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

using Json = nlohmann::ordered_json;

/// Bytes that are not UTF-8 must not get into the log: JSON has no way to write them.
std::string clean(const std::string& text) { return text::printable(text); }

void put(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = clean(value);
}

void put(Json& json, const char* key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  json[key] = Json::array();
  for (const auto& value : values) json[key].push_back(clean(value));
}

std::string get(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? "" : found->get<std::string>();
}

std::vector<std::string> get_list(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? std::vector<std::string>{} : found->get<std::vector<std::string>>();
}

void put_unit(Json& json, const UnitId& unit) {
  json["kind"] = clean(unit.kind);
  json["name"] = clean(unit.name);
  json["arch"] = clean(unit.arch);
}

UnitId get_unit(const Json& json) {
  return {json.at("kind").get<std::string>(), json.at("name").get<std::string>(),
          json.at("arch").get<std::string>()};
}

void write(Json& json, const RunStarted& run) {
  json["run"] = clean(run.run_id);
  put(json, "version", run.version);
  put(json, "commit", run.commit);
  put(json, "command", run.command_line);
  json["host"] = {{"os", clean(run.host_os)},       {"arch", clean(run.host_arch)},
                  {"name", clean(run.host_name)},   {"version", clean(run.host_version)},
                  {"model", clean(run.host_model)}, {"cpu", clean(run.host_cpu)},
                  {"memory", run.host_memory}};
  put(json, "labels", run.labels);
  put(json, "given_labels", run.given_labels);
  put(json, "shard", run.shard);
  if (run.subjects.empty()) return;
  json["subjects"] = Json::array();
  for (const auto& subject : run.subjects) {
    json["subjects"].push_back({{"name", clean(subject.name)},
                                {"arch", clean(subject.arch)},
                                {"digest", clean(subject.digest)}});
  }
}

RunStarted read_run_started(const Json& json) {
  RunStarted run;
  run.run_id = json.at("run").get<std::string>();
  run.version = get(json, "version");
  run.commit = get(json, "commit");
  run.command_line = get(json, "command");
  run.labels = get_list(json, "labels");
  run.given_labels = get(json, "given_labels");
  run.shard = get(json, "shard");
  if (const auto host = json.find("host"); host != json.end()) {
    run.host_os = get(*host, "os");
    run.host_arch = get(*host, "arch");
    run.host_name = get(*host, "name");
    run.host_version = get(*host, "version");
    run.host_model = get(*host, "model");
    run.host_cpu = get(*host, "cpu");
    run.host_memory = host->value("memory", std::int64_t{-1});
  }
  if (const auto subjects = json.find("subjects"); subjects != json.end()) {
    for (const auto& subject : *subjects)
      run.subjects.push_back({get(subject, "name"), get(subject, "arch"), get(subject, "digest")});
  }
  return run;
}

void write(Json& json, const UnitPlanned& planned) {
  put_unit(json, planned.unit);
  put(json, "summary", planned.summary);
  put(json, "issue", planned.issue);
  put(json, "author", planned.author);
  put(json, "labels", planned.labels);
  put(json, "file", planned.file);
}

UnitPlanned read_planned(const Json& json) {
  return {get_unit(json), get(json, "summary"), get(json, "issue"), get(json, "author"),
          get_list(json, "labels"), get(json, "file")};
}

void write(Json& json, const UnitStarted& started) {
  put_unit(json, started.unit);
  if (started.attempt > 1) json["attempt"] = started.attempt;
}

void write(Json& json, const UnitRetried& retried) {
  put_unit(json, retried.unit);
  json["attempt"] = retried.attempt;
  json["result"] = result_name(retried.result);
  put(json, "reason", retried.reason);
  json["elapsed_ns"] = retried.elapsed.count();
  if (retried.leaked) json["leaked"] = true;
  put(json, "log", retried.log);
}

UnitRetried read_retried(const Json& json) {
  UnitRetried retried;
  retried.unit = get_unit(json);
  retried.attempt = json.at("attempt").get<int>();
  retried.result = parse_result(json.at("result").get<std::string>());
  retried.reason = get(json, "reason");
  retried.elapsed = std::chrono::nanoseconds(json.value("elapsed_ns", std::int64_t{0}));
  retried.leaked = json.value("leaked", false);
  retried.log = get(json, "log");
  return retried;
}

void write(Json& json, const UnitFinished& finished) {
  put_unit(json, finished.unit);
  json["result"] = result_name(finished.result);
  put(json, "reason", finished.reason);
  json["elapsed_ns"] = finished.elapsed.count();
  if (finished.leaked) json["leaked"] = true;
  put(json, "log", finished.log);
  put(json, "benchmark", finished.benchmark);
  put(json, "key", finished.key);
  put(json, "reused_from", finished.reused_from);
  if (finished.interrupted) json["interrupted"] = true;
}

void write(Json& json, const RunFinished& finished) {
  json["complete"] = finished.complete;
  put(json, "reason", finished.reason);
}

UnitFinished read_finished(const Json& json) {
  UnitFinished finished;
  finished.unit = get_unit(json);
  finished.result = parse_result(json.at("result").get<std::string>());
  finished.reason = get(json, "reason");
  finished.elapsed = std::chrono::nanoseconds(json.value("elapsed_ns", std::int64_t{0}));
  finished.leaked = json.value("leaked", false);
  finished.log = get(json, "log");
  finished.benchmark = get(json, "benchmark");
  finished.key = get(json, "key");
  finished.reused_from = get(json, "reused_from");
  finished.interrupted = json.value("interrupted", false);
  return finished;
}

Event read_event(const Json& json) {
  const int version = json.at("v").get<int>();
  if (version != schema_version)
    throw Error(
        fmt::format("event of schema {}; this rtfx reads schema {}", version, schema_version));
  Event event;
  event.time = parse_time(json.at("time").get<std::string>());
  const auto kind = json.at("event").get<std::string>();
  if (kind == "run_started") {
    event.what = read_run_started(json);
  } else if (kind == "planned") {
    event.what = read_planned(json);
  } else if (kind == "started") {
    event.what = UnitStarted{get_unit(json), json.value("attempt", 1)};
  } else if (kind == "retried") {
    event.what = read_retried(json);
  } else if (kind == "finished") {
    event.what = read_finished(json);
  } else if (kind == "run_finished") {
    event.what = RunFinished{json.at("complete").get<bool>(), get(json, "reason")};
  } else {
    throw Error("unknown event \"" + kind + "\"");
  }
  return event;
}

const char* name_of(const RunStarted&) { return "run_started"; }
const char* name_of(const UnitPlanned&) { return "planned"; }
const char* name_of(const UnitStarted&) { return "started"; }
const char* name_of(const UnitRetried&) { return "retried"; }
const char* name_of(const UnitFinished&) { return "finished"; }
const char* name_of(const RunFinished&) { return "run_finished"; }

}  // namespace

std::string format_event(const Event& event) {
  Json json;
  json["v"] = schema_version;
  json["time"] = format_time(event.time);
  std::visit(
      [&](const auto& what) {
        json["event"] = name_of(what);
        write(json, what);
      },
      event.what);
  return json.dump();
}

Event parse_event(std::string_view line) {
  try {
    return read_event(Json::parse(line));
  } catch (const Json::exception& problem) {
    throw Error(std::string("not an event: ") + problem.what());
  }
}

}  // namespace rtfx::results
