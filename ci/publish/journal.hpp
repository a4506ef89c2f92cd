// SPDX-License-Identifier: Apache-2.0
//
// _release/<id>/journal.jsonl: what was decided, staged and published, a line each, on the disk before the step that it
// announces begins. A process that is killed leaves at most a torn last line, which counts as not written.
//
//   {"time", "event": "decided", …}                  other events have flat texts
//   {"event": "begin", "target", "tags": […]}        what will change, and from what; a tag is {"repository", "tag", "from",
//                                                    "to"}: digests, null for a tag that is not there
//   {"event": "moving", "what", "target", "tags"}    before these tags are moved
//   {"event": "moved", "what", "target"}             after it
//   {"event": "done", …}                             everything was read back
//   {"event": "rolling back", "target", "tags"}      a rollback begins
//   {"event": "rolled back", "target"}               every tag is as it was; "rollback ended" instead when some are not
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/files.hpp"

namespace rtfx::publish {

/// A tag on its way.
struct Move {
  std::string repository, tag;
  std::optional<Digest> from;  ///< nullopt: it is not there
  std::optional<Digest> to;    ///< nullopt: it goes away
};

/// Thread-safe.
class Journal {
 public:
  /// Makes or continues FOLDER/journal.jsonl; a torn last line is cut off. Throws Error.
  explicit Journal(const std::filesystem::path& folder);

  /// Appends {"time": now, "event": event, …fields} and syncs it to the disk. Throws Error.
  void append(const std::string& event, const std::map<std::string, std::string>& fields);
  /// The same with tags.
  void append(const std::string& event, const std::map<std::string, std::string>& fields,
              const std::vector<Move>& tags);
  /// For a step that is over: nothing that follows depends on the line, so that it is on the disk when the next one that
  /// is appended is. Throws Error.
  void note(const std::string& event, const std::map<std::string, std::string>& fields);

 private:
  void write(const std::string& event, const std::map<std::string, std::string>& fields,
             const std::vector<Move>& tags, bool synced);

  std::filesystem::path path_;
  FileDescriptor file_;
  std::mutex mutex_;
};

/// A line that was read back.
struct JournalLine {
  std::string event;
  std::map<std::string, std::string> fields;  ///< "time" among them
  std::vector<Move> tags;
};

/// Every whole line; none when there is no journal. Throws Error (FILE:LINE) for one that is none.
std::vector<JournalLine> read_journal(const std::filesystem::path& folder);

/// How far publishing a release came.
enum class Stage {
  not_begun,
  begun,         ///< and has not come to its end
  done,          ///< published, read back
  rolling_back,  ///< a rollback was begun, or some tags could not be taken back
  rolled_back,
};
Stage stage_of(const std::vector<JournalLine>& lines);

/// What became of a tag since the release was begun (or rolled back).
struct TagHistory {
  std::string repository, tag;
  std::string what;  ///< the tags that were moved at the same time
  /// What it stood for before: what this release found there when it moved the tag, unless it had put that there itself.
  std::optional<Digest> before;
  std::vector<Digest> ours;  ///< what this release has made it stand for, latest last
};
/// Those of one target, in the order of the first move.
std::vector<TagHistory> tags_of(const std::vector<JournalLine>& lines, const std::string& target);

/// The target that was published to last; "" when none was.
std::string target_of(const std::vector<JournalLine>& lines);

}  // namespace rtfx::publish
