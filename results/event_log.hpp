// SPDX-License-Identifier: Apache-2.0
//
// _results/<id>/events.jsonl is the one source of truth of a run: everything else in the folder is
// a function of it. A line is written with one write(2) to a file opened for appending, so that a
// kill at any moment leaves whole lines and at most one torn last line, which the reader drops.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "results/event.hpp"

namespace rtfx::results {

/// Version of the schema, in every line as "v".
inline constexpr int schema_version = 1;

/// Appends to a log. Thread-safe.
class EventLog {
 public:
  /// Makes or continues FOLDER/events.jsonl; a torn last line of an earlier run is cut off first.
  explicit EventLog(const std::filesystem::path& folder);
  EventLog(EventLog&&) noexcept;
  ~EventLog();
  /// Sets the time (when the event has none) and appends. Throws Error when the disk refuses.
  void append(Event event);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string format_event(const Event& event);
/// Throws Error on a line that is not an event of this schema.
Event parse_event(std::string_view line);
/// Calls `take` for one event after the other; memory does not grow with the log. A torn last line
/// is dropped; any other bad line is an Error with file:line.
void for_each_event(const std::filesystem::path& events_jsonl,
                    const std::function<void(Event&&)>& take);
/// All of them.
std::vector<Event> read_events(const std::filesystem::path& events_jsonl);

}  // namespace rtfx::results
