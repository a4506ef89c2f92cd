// SPDX-License-Identifier: Apache-2.0
#include "results/history.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "results/compare.hpp"
#include "results/json_text.hpp"
#include "results/output_file.hpp"

namespace rtfx::results {
namespace {

using Json = nlohmann::json;
using std::chrono::nanoseconds;

constexpr int history_version = 1;
constexpr const char* file_name = "history.json";
constexpr std::int64_t longest = std::int64_t{365} * 24 * 3600 * 1'000'000'000;

/// Text of a member that may be absent.
std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? "" : found->get<std::string>();
}

/// Durations are used in sums: one that cannot be is damage.
nanoseconds time_of(const Json& json, const char* key) {
  const auto value = json.value(key, std::int64_t{0});
  if (value < 0 || value > longest) throw Error("a duration is out of range");
  return nanoseconds(value);
}

}  // namespace

/// Reads the file's units one by one; each is dropped from the parsed document at once.
class HistoryReader {
 public:
  static History read(const std::filesystem::path& file) {
    const std::string text = read_file(file);
    History history;
    try {
      const Json document =
          Json::parse(text, [&](int depth, Json::parse_event_t event, Json& json) {
            if (depth != 2 || event != Json::parse_event_t::object_end) return true;
            add(history, json);
            return false;
          });
      if (!document.is_object() || !document.contains("units") ||
          document.value("v", 0) != history_version)
        throw Error("not a history.json that this rtfx reads", ExitCode::usage);
    } catch (const Json::exception& problem) {
      throw Error(std::string("not a history.json: ") + problem.what(), ExitCode::usage);
    }
    return history;
  }

 private:
  static void add(History& history, const Json& json) {
    const UnitId unit{json.value("kind", "case"), json.at("name").get<std::string>(),
                      text_of(json, "arch")};
    History::Known& known = history.units_[unit];
    known.duration = time_of(json, "duration_ns");
    known.key = text_of(json, "key");
    if (known.key.empty()) return;
    known.elapsed = time_of(json, "elapsed_ns");
    known.run = text_of(json, "run");
    known.benchmark = text_of(json, "benchmark");
  }
};

History History::read(const std::filesystem::path& results_folder) {
  try {
    return HistoryReader::read(results_folder / file_name);
  } catch (const std::exception&) {
    return {};
  }
}

std::optional<nanoseconds> History::duration(const UnitId& unit) const {
  auto found = units_.find(unit);
  if (found == units_.end()) found = units_.find({unit.kind, unit.name, ""});
  if (found == units_.end()) return std::nullopt;
  return found->second.duration;
}

std::optional<UnitFinished> History::pass(const UnitId& unit, const std::string& key) const {
  const auto found = units_.find(unit);
  if (key.empty() || found == units_.end() || found->second.key != key) return std::nullopt;
  UnitFinished finished;
  finished.unit = unit;
  finished.elapsed = found->second.elapsed;
  finished.benchmark = found->second.benchmark;
  finished.key = key;
  finished.reused_from = found->second.run;
  return finished;
}

void History::add(const RunRecord& run) {
  for (const UnitRecord& unit : run.units) {
    if (!unit.finished || !unit.finished->reused_from.empty()) continue;
    const UnitFinished& finished = *unit.finished;
    if (finished.result == Result::skip || finished.result == Result::cancel) continue;
    const auto found = units_.find(unit.planned.unit);
    if (finished.result != Result::pass) {
      if (found == units_.end()) continue;
      found->second.key.clear();
      continue;
    }
    const bool is_new = found == units_.end();
    Known& known = is_new ? units_[unit.planned.unit] : found->second;
    known.duration = is_new ? finished.elapsed : (known.duration + finished.elapsed) / 2;
    known.key = unit.flaky() || run.start.run_id.empty() ? "" : finished.key;
    if (known.key.empty()) continue;
    known.elapsed = finished.elapsed;
    known.run = run.start.run_id;
    known.benchmark = finished.benchmark;
  }
}

void History::write(const std::filesystem::path& results_folder) const {
  OutputFile file(results_folder / file_name);
  file.append("{\"v\":" + std::to_string(history_version) + ",\"units\":[");
  std::string line;
  const char* before = "\n";
  for (const auto& [unit, known] : units_) {
    line = before;
    before = ",\n";
    {
      JsonObject json(line);
      if (unit.kind != "case") json.text("kind", unit.kind);
      json.text("name", unit.name);
      json.text_if("arch", unit.arch);
      json.number("duration_ns", known.duration.count());
      json.text_if("key", known.key);
      if (!known.key.empty()) {
        json.number("elapsed_ns", known.elapsed.count());
        json.text("run", known.run);
        json.text_if("benchmark", known.benchmark);
      }
    }
    file.append(line);
  }
  file.append("\n]}\n");
  file.commit();
}

void remember(const std::filesystem::path& results_folder, const RunRecord& run) {
  const FileLock turn(results_folder / ".history.lock");
  History history = History::read(results_folder);
  history.add(run);
  history.write(results_folder);
}

History read_durations(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  const bool folder = fs::is_directory(path);
  const bool run =
      folder && (fs::exists(path / "events.jsonl") || fs::exists(path / "SUMMARY.json"));
  const fs::path file = folder ? path / file_name : path;
  if (!run && fs::is_regular_file(file) && file.extension() == ".json") {
    try {
      return in_context(file.string(), [&] { return HistoryReader::read(file); });
    } catch (const Error&) {
      if (folder || file.filename() == file_name) throw;
    }
  }
  History history;
  history.add(read_any_run(path));
  return history;
}

}  // namespace rtfx::results
