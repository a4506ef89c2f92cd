// SPDX-License-Identifier: Apache-2.0
//
// Writes one event as one line of JSON: three times a case, while cases run. The schema is
// documented in docs/results.md; a field that is empty is left out.
#include "results/event_log.hpp"
#include "results/json_text.hpp"
#include "results/run_json.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

void put_unit(JsonObject& json, const UnitId& unit) {
  json.text("kind", unit.kind);
  json.text("name", unit.name);
  json.text("arch", unit.arch);
}

void write(JsonObject& json, const RunStarted& run) {
  json.text("event", "run_started");
  json.text("run", run.run_id);
  json.text_if("version", run.version);
  json.text_if("commit", run.commit);
  json.text_if("command", run.command_line);
  write_host(json.value_of("host"), run);
  json.list_if("labels", run.labels);
  json.text_if("given_labels", run.given_labels);
  json.text_if("shard", run.shard);
  json.list_if("merged", run.merged);
  if (!run.subjects.empty()) write_subjects(json.value_of("subjects"), run.subjects);
}

void write(JsonObject& json, const UnitPlanned& planned) {
  json.text("event", "planned");
  put_unit(json, planned.unit);
  json.text_if("summary", planned.summary);
  json.text_if("issue", planned.issue);
  json.text_if("author", planned.author);
  json.list_if("labels", planned.labels);
  json.text_if("file", planned.file);
  if (planned.order >= 0) json.number("order", planned.order);
}

void write(JsonObject& json, const UnitStarted& started) {
  json.text("event", "started");
  put_unit(json, started.unit);
  if (started.attempt > 1) json.number("attempt", started.attempt);
}

void write(JsonObject& json, const UnitRetried& retried) {
  json.text("event", "retried");
  put_unit(json, retried.unit);
  json.number("attempt", retried.attempt);
  json.text("result", result_name(retried.result));
  json.text_if("reason", retried.reason);
  json.number("elapsed_ns", retried.elapsed.count());
  json.flag_if("leaked", retried.leaked);
  json.text_if("log", retried.log);
}

void write_tests(std::string& out, const std::vector<KtapTest>& tests) {
  out += '[';
  for (const KtapTest& test : tests) {
    if (&test != &tests.front()) out += ',';
    JsonObject json(out);
    json.text("name", test.name);
    json.text("result", ktap_result_name(test.result));
    json.text_if("detail", test.detail);
  }
  out += ']';
}

void write(JsonObject& json, const UnitFinished& finished) {
  json.text("event", "finished");
  put_unit(json, finished.unit);
  json.text("result", result_name(finished.result));
  json.text_if("reason", finished.reason);
  json.number("elapsed_ns", finished.elapsed.count());
  json.flag_if("leaked", finished.leaked);
  json.text_if("log", finished.log);
  json.text_if("benchmark", finished.benchmark);
  if (!finished.tests.empty()) write_tests(json.value_of("tests"), finished.tests);
  json.text_if("key", finished.key);
  json.text_if("reused_from", finished.reused_from);
  json.flag_if("interrupted", finished.interrupted);
}

void write(JsonObject& json, const RunFinished& finished) {
  json.text("event", "run_finished");
  json.boolean("complete", finished.complete);
  json.text_if("reason", finished.reason);
}

}  // namespace

std::string format_event(const Event& event) {
  std::string out;
  out.reserve(256);
  {
    JsonObject json(out);
    json.number("v", schema_version);
    json.text("time", format_time(event.time));
    std::visit([&](const auto& what) { write(json, what); }, event.what);
  }
  return out;
}

}  // namespace rtfx::results
