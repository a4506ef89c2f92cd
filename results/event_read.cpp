// SPDX-License-Identifier: Apache-2.0
//
// Reads one line of events.jsonl; event_write.cpp writes it. The schema is documented in
// docs/results.md.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "results/event_log.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

using Json = nlohmann::ordered_json;

std::string get(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? "" : found->get<std::string>();
}

std::vector<std::string> get_list(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? std::vector<std::string>{} : found->get<std::vector<std::string>>();
}

UnitId get_unit(const Json& json) {
  return {json.at("kind").get<std::string>(), json.at("name").get<std::string>(),
          json.at("arch").get<std::string>()};
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
  run.merged = get_list(json, "merged");
  if (const auto host = json.find("host"); host != json.end()) {
    run.host_os = get(*host, "os");
    run.host_arch = get(*host, "arch");
    run.host_name = get(*host, "name");
    run.host_version = get(*host, "version");
    run.host_model = get(*host, "model");
    run.host_cpu = get(*host, "cpu");
    run.host_memory = host->value("memory", std::int64_t{-1});
    run.hostname = get(*host, "hostname");
  }
  if (const auto subjects = json.find("subjects"); subjects != json.end()) {
    for (const auto& subject : *subjects)
      run.subjects.push_back({get(subject, "name"), get(subject, "arch"), get(subject, "digest")});
  }
  return run;
}

UnitPlanned read_planned(const Json& json) {
  return {get_unit(json),         get(json, "summary"),     get(json, "issue"),
          get(json, "author"),    get_list(json, "labels"), get(json, "file"),
          json.value("order", -1)};
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

std::vector<KtapTest> get_tests(const Json& json) {
  std::vector<KtapTest> tests;
  const auto list = json.find("tests");
  if (list == json.end()) return tests;
  for (const auto& test : *list)
    tests.push_back({.name = get(test, "name"),
                     .result = parse_ktap_result(test.at("result").get<std::string>()),
                     .detail = get(test, "detail")});
  return tests;
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
  finished.tests = get_tests(json);
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

}  // namespace

Event parse_event(std::string_view line) {
  try {
    return read_event(Json::parse(line));
  } catch (const Json::exception& problem) {
    throw Error(std::string("not an event: ") + problem.what());
  }
}

}  // namespace rtfx::results
