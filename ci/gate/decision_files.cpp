// SPDX-License-Identifier: Apache-2.0
//
// _release/<id>/. Paths below the project are kept relative to it, so that the project may be moved.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/files.hpp"
#include "ci/gate/decision.hpp"
#include "ci/gate/excuses.hpp"
#include "ci/gate/json_reader.hpp"

namespace rtfx::gate {
namespace {

constexpr int files_format = 1;

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// The project's folder: that of _release/<id>.
fs::path project_of(const fs::path& folder) {
  return fs::absolute(folder / ".." / "..").lexically_normal();
}

std::string kept_path(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(project_of(folder));
  const bool below = !relative.empty() && *relative.begin() != "..";
  return below ? relative.string() : path.string();
}

fs::path read_path(const std::string& kept, const fs::path& folder) {
  return (project_of(folder) / kept).lexically_normal();
}

Json to_json(const Waiver& waiver) {
  return {{"case", waiver.pattern},  {"arch", waiver.arches},     {"reason", waiver.reason},
          {"author", waiver.author}, {"expires", waiver.expires}, {"where", waiver.where}};
}

std::string rules_json(const Rules& rules) {
  Json json{{"format", files_format}, {"today", rules.today}, {"waivers", Json::array()}};
  for (const Waiver& waiver : rules.waivers) json["waivers"].push_back(to_json(waiver));
  if (!rules.baseline) {
    json["baseline"] = nullptr;
  } else {
    json["baseline"] = parse_json("{\n" + baseline_json(*rules.baseline) + "\n}", "baseline");
    json["baseline"]["source"] = rules.baseline->source;
  }
  return dump(json);
}

Rules parse_rules(const std::string& text, const std::string& name) {
  const Json json = parse_json(text, name);
  JsonReader reader(json, name);
  reader.require_format(files_format);
  Rules rules;
  rules.today = reader.text("today");
  for (const Json& item : reader.list("waivers")) {
    JsonReader fields(item, name + ": waivers");
    rules.waivers.push_back({fields.text("case"), fields.texts("arch"), fields.text("reason"),
                             fields.text("author"), fields.text("expires"), fields.text("where")});
    fields.finish();
  }
  if (reader.has("baseline") && !json["baseline"].is_null()) {
    const Json& baseline = reader.object("baseline");
    JsonReader fields(baseline, name + ": baseline");
    rules.baseline = parse_baseline(baseline.dump(), name + ": baseline");
    rules.baseline->source = fields.text("source");
  }
  return rules;
}

std::string runs_json(const fs::path& folder, const Decision& decision) {
  Json json{{"format", files_format},
            {"runs", Json::array()},
            {"images", Json::array()},
            {"subjects", Json::array()}};
  for (const RunFolder& run : decision.runs)
    json["runs"].push_back(
        {{"folder", kept_path(run.folder, folder)}, {"events", run.events.str()}});
  for (const fs::path& images : decision.images)
    json["images"].push_back(kept_path(images, folder));
  for (const results::Subject& subject : decision.subjects)
    json["subjects"].push_back(
        {{"name", subject.name}, {"arch", subject.arch}, {"digest", subject.digest}});
  return dump(json);
}

/// What runs.json says.
struct Kept {
  std::vector<fs::path> runs, images;
  std::vector<Digest> events;
  std::vector<results::Subject> subjects;
};

Kept parse_runs(const std::string& text, const fs::path& folder, const std::string& name) {
  const Json json = parse_json(text, name);
  JsonReader reader(json, name);
  reader.require_format(files_format);
  Kept kept;
  for (const Json& item : reader.list("runs")) {
    JsonReader fields(item, name + ": runs");
    kept.runs.push_back(read_path(fields.text("folder"), folder));
    kept.events.push_back(Digest::parse(fields.text("events")));
    fields.finish();
  }
  for (const std::string& images : reader.texts("images"))
    kept.images.push_back(read_path(images, folder));
  for (const Json& item : reader.list("subjects")) {
    JsonReader fields(item, name + ": subjects");
    kept.subjects.push_back({fields.text("name"), fields.text("arch"), fields.text("digest")});
    fields.finish();
  }
  reader.finish();
  return kept;
}

}  // namespace

void write_decision(const fs::path& folder, const Decision& decision, bool for_reading_only) {
  const std::vector<Excuse> excuses = make_excuses(decision.plan, decision.verdict);
  write_file_atomically(folder / "plan.json", plan_json(decision.plan));
  write_file_atomically(folder / "rules.json", rules_json(decision.rules));
  write_file_atomically(folder / "verdict.json", verdict_json(decision.verdict, decision.id));
  write_file_atomically(folder / "verdict.txt",
                        verdict_text(decision.verdict) + "\n" + excuses_text(excuses));
  write_file_atomically(folder / "excuses.json",
                        excuses_json(excuses, decision.verdict, decision.id));
  write_file_atomically(folder / "excuses.html",
                        excuses_html(excuses, decision.verdict, decision.id));
  if (!for_reading_only) write_file_atomically(folder / "runs.json", runs_json(folder, decision));
}

bool holds_decision(const fs::path& folder) { return fs::exists(folder / "runs.json"); }

Decision load_decision(const fs::path& folder) {
  const auto read = [&](const char* name) {
    return std::pair((folder / name).string(), read_file(folder / name));
  };
  if (!holds_decision(folder))
    throw Error(folder.string() + ": nothing was decided there, or only in a dry run",
                ExitCode::usage);
  const auto [runs_name, runs_text] = read("runs.json");
  const Kept kept = parse_runs(runs_text, folder, runs_name);
  const auto [rules_name, rules_text] = read("rules.json");
  for (std::size_t i = 0; i < kept.runs.size(); ++i) {
    const fs::path log = kept.runs[i] / "events.jsonl";
    if (!fs::exists(log))
      throw Error(log.string() + " is not there any more; " + folder.string() + " rests on it");
    if (Digest::of_file(log) != kept.events[i])
      throw Error(log.string() + " is not what was judged in " + folder.string() +
                  "; judge it again (rtfx release verdict)");
  }
  const fs::path absolute = fs::absolute(folder).lexically_normal();
  const fs::path name = absolute.has_filename() ? absolute : absolute.parent_path();
  return make_decision(name.filename().string(), read_plan(folder / "plan.json"), kept.runs,
                       kept.subjects, kept.images, parse_rules(rules_text, rules_name));
}

}  // namespace rtfx::gate
