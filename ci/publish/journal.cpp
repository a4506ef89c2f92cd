// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace rtfx::publish {
namespace {

using Json = nlohmann::ordered_json;

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields);
  return text;
}

std::filesystem::path journal_file(const std::filesystem::path& folder) {
  return folder / "journal.jsonl";
}

Json to_json(const std::optional<Digest>& digest) {
  return digest ? Json(digest->str()) : Json(nullptr);
}

std::optional<Digest> to_digest(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return Digest::parse(json.get<std::string>());
}

JournalLine parse_line(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("event"))
    throw Error("it is no line of a journal; expected a JSON object with \"event\"");
  JournalLine line;
  try {
    for (const auto& [key, value] : json.items()) {
      if (key == "event") {
        line.event = value.get<std::string>();
      } else if (key == "tags") {
        for (const Json& tag : value)
          line.tags.push_back({tag.at("repository"), tag.at("tag"), to_digest(tag.at("from")),
                               to_digest(tag.at("to"))});
      } else if (value.is_string()) {
        line.fields.emplace(key, value.get<std::string>());
      }
    }
  } catch (const Json::exception& exception) {
    throw Error(exception.what());
  }
  return line;
}

}  // namespace

Journal::Journal(const std::filesystem::path& folder) : path_(journal_file(folder)) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  file_ = FileDescriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file_) throw system_error("writing " + path_.string(), errno);
  const std::string bytes = read_file(path_);
  const std::size_t whole = bytes.rfind('\n') == std::string::npos ? 0 : bytes.rfind('\n') + 1;
  if (whole != bytes.size() && ::ftruncate(file_.get(), static_cast<off_t>(whole)) != 0)
    throw system_error("writing " + path_.string(), errno);
}

void Journal::append(const std::string& event, const std::map<std::string, std::string>& fields) {
  append(event, fields, {});
}

void Journal::append(const std::string& event, const std::map<std::string, std::string>& fields,
                     const std::vector<Move>& tags) {
  write(event, fields, tags, true);
}

void Journal::note(const std::string& event, const std::map<std::string, std::string>& fields) {
  write(event, fields, {}, false);
}

void Journal::write(const std::string& event, const std::map<std::string, std::string>& fields,
                    const std::vector<Move>& tags, bool synced) {
  Json line;
  line["time"] = now();
  line["event"] = event;
  for (const auto& [key, value] : fields) line[key] = value;
  for (const Move& move : tags)
    line["tags"].push_back({{"repository", move.repository},
                            {"tag", move.tag},
                            {"from", to_json(move.from)},
                            {"to", to_json(move.to)}});
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const std::lock_guard lock(mutex_);
  write_all(file_.get(), text, path_.string());
  if (synced && ::fdatasync(file_.get()) != 0)
    throw system_error("writing " + path_.string(), errno);
}

std::vector<JournalLine> read_journal(const std::filesystem::path& folder) {
  const std::filesystem::path path = journal_file(folder);
  std::vector<JournalLine> lines;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return lines;
  const std::string bytes = read_file(path);
  for (std::size_t start = 0; start < bytes.size();) {
    const std::size_t end = bytes.find('\n', start);
    if (end == std::string::npos) break;  // torn
    const int number = static_cast<int>(lines.size()) + 1;
    lines.push_back(in_context(Location{path, number}.str(),
                               [&] { return parse_line(bytes.substr(start, end - start)); }));
    start = end + 1;
  }
  return lines;
}

Stage stage_of(const std::vector<JournalLine>& lines) {
  Stage stage = Stage::not_begun;
  for (const JournalLine& line : lines) {
    if (line.event == "begin") stage = Stage::begun;
    if (line.event == "done") stage = Stage::done;
    if (line.event == "rolling back") stage = Stage::rolling_back;
    if (line.event == "rolled back") stage = Stage::rolled_back;
  }
  return stage;
}

std::vector<TagHistory> tags_of(const std::vector<JournalLine>& lines, const std::string& target) {
  std::vector<TagHistory> tags;
  for (const JournalLine& line : lines) {
    const auto where = line.fields.find("target");
    if (where == line.fields.end() || where->second != target) continue;
    if (line.event == "rolled back") tags.clear();
    if (line.event != "moving") continue;
    const auto what = line.fields.find("what");
    for (const Move& move : line.tags) {
      auto it = std::find_if(tags.begin(), tags.end(), [&](const TagHistory& tag) {
        return tag.repository == move.repository && tag.tag == move.tag;
      });
      if (it == tags.end())
        it = tags.insert(tags.end(), {move.repository,
                                      move.tag,
                                      what == line.fields.end() ? "" : what->second,
                                      move.from,
                                      {}});
      const bool was_ours =
          move.from && std::find(it->ours.begin(), it->ours.end(), *move.from) != it->ours.end();
      if (!was_ours) it->before = move.from;
      if (move.to) it->ours.push_back(*move.to);
    }
  }
  return tags;
}

std::string target_of(const std::vector<JournalLine>& lines) {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (line->event != "begin") continue;
    const auto it = line->fields.find("target");
    if (it != line->fields.end()) return it->second;
  }
  return "";
}

}  // namespace rtfx::publish
