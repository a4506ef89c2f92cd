// SPDX-License-Identifier: Apache-2.0
//
// SUMMARY.json: rtf's keys, and ours beside them; a result a line.
#include "results/json_text.hpp"
#include "results/run_json.hpp"
#include "results/reports.hpp"
#include "results/rows.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

void write_attempts(std::string& out, const std::vector<UnitRetried>& attempts) {
  out += '[';
  for (const UnitRetried& attempt : attempts) {
    if (&attempt != &attempts.front()) out += ',';
    JsonObject json(out);
    json.text("status", result_name(attempt.result));
    json.text_if("reason", attempt.reason);
    json.number("duration", attempt.elapsed.count());
    json.flag_if("leaked", attempt.leaked);
    json.text_if("log", attempt.log);
  }
  out += ']';
}

void write_row(std::string& out, const Row& row) {
  JsonObject json(out);
  json.text("name", row.planned->unit.name);
  json.number("result", row.rtf_result);
  if (row.finished) json.text_if("benchmark", row.finished->benchmark);
  if (row.start) json.text("start", format_time(*row.start));
  if (row.end) json.text("end", format_time(*row.end));
  json.number("duration", row.elapsed.count());
  json.text("kind", row.planned->unit.kind);
  json.text("arch", row.planned->unit.arch);
  json.text("status", row.status);
  json.text_if("reason", row.reason);
  json.text_if("summary", row.planned->summary);
  json.text_if("issue", row.planned->issue);
  json.text_if("file", row.planned->file);
  json.flag_if("flaky", row.unit->flaky());
  if (!row.unit->retried.empty()) write_attempts(json.value_of("attempts"), row.unit->retried);
  if (!row.finished) return;
  json.text_if("log", row.finished->log);
  json.flag_if("leaked", row.finished->leaked);
  json.flag_if("interrupted", row.finished->interrupted);
  json.text_if("key", row.finished->key);
  json.text_if("reused_from", row.finished->reused_from);
}

void write_head(JsonObject& json, const RunRecord& run) {
  const RunStarted& start = run.start;
  json.text("id", start.run_id);
  if (run.begin) json.text("start", format_time(*run.begin));
  if (run.end) json.text("end", format_time(*run.end));
  write_host(json.value_of("system"), start);
  json.list("labels", start.labels);
  json.text_if("version", start.version);
  json.text_if("commit", start.commit);
  json.text_if("shard", start.shard);
  json.list_if("merged", start.merged);
  json.boolean("complete", run.finished);
  json.text_if("reason", run.reason);
  const Counts counts = count(run);
  json.number("passed", counts.passed);
  json.number("flaky", counts.flaky);
  json.number("cached", counts.cached);
  json.number("failed", counts.failed);
  json.number("errored", counts.errored);
  json.number("timed_out", counts.timed_out);
  json.number("skipped", counts.skipped);
  json.number("cancelled", counts.cancelled);
  json.number("missing", counts.missing);
  write_subjects(json.value_of("subjects"), start.subjects);
}

}  // namespace

void write_summary_json(const RunRecord& run, const Sink& sink) {
  std::string text;
  {
    JsonObject json(text);
    write_head(json, run);
    json.value_of("results") += '[';
    const char* before = "\n";
    for_each_row(run, [&](const Row& row) {
      text += before;
      before = ",\n";
      write_row(text, row);
      sink(text);
      text.clear();
    });
    text += "\n]";
  }
  sink(text + "\n");
}

}  // namespace rtfx::results
