// SPDX-License-Identifier: Apache-2.0
#include "results/event_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>

#include "base/error.hpp"

namespace rtfx::results {
namespace {

/// The size of the file up to and including its last newline.
off_t whole_lines(int fd, off_t size, const std::string& name) {
  std::array<char, 4096> block;
  while (size > 0) {
    const off_t start =
        size > static_cast<off_t>(block.size()) ? size - static_cast<off_t>(block.size()) : 0;
    const ssize_t got = pread(fd, block.data(), static_cast<std::size_t>(size - start), start);
    if (got < 0) throw system_error("reading " + name, errno);
    for (ssize_t i = got; i > 0; --i) {
      if (block[static_cast<std::size_t>(i - 1)] == '\n') return start + i;
    }
    size = start;
  }
  return 0;
}

}  // namespace

struct EventLog::State {
  std::mutex mutex;
  std::string name;
  FileDescriptor file;

  /// One write(2) for the whole line. What a full disk took of it is taken back, so that the log
  /// stays whole lines.
  void append(const std::string& line) {
    struct stat status {};
    if (fstat(file.get(), &status) != 0) throw system_error("reading " + name, errno);
    ssize_t wrote;
    do {
      wrote = ::write(file.get(), line.data(), line.size());
    } while (wrote < 0 && errno == EINTR);
    if (wrote == static_cast<ssize_t>(line.size())) return;
    const int reason = wrote < 0 ? errno : ENOSPC;
    if (wrote > 0 && ftruncate(file.get(), status.st_size) != 0)
      throw system_error("shortening " + name, errno);
    throw system_error("writing " + name, reason);
  }
};

EventLog::EventLog(const std::filesystem::path& folder) : state_(std::make_unique<State>()) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw system_error("making " + folder.string(), failed.value());
  state_->name = (folder / "events.jsonl").string();
  state_->file =
      FileDescriptor(open(state_->name.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const int fd = state_->file.get();
  if (fd < 0) throw system_error("opening " + state_->name, errno);
  struct stat status {};
  if (fstat(fd, &status) != 0) throw system_error("reading " + state_->name, errno);
  const off_t whole = whole_lines(fd, status.st_size, state_->name);
  if (whole != status.st_size && ftruncate(fd, whole) != 0)
    throw system_error("shortening " + state_->name, errno);
}

EventLog::EventLog(EventLog&&) noexcept = default;
EventLog::~EventLog() = default;

void EventLog::append(Event event) {
  const std::lock_guard lock(state_->mutex);
  if (event.time == std::chrono::system_clock::time_point{})
    event.time = std::chrono::system_clock::now();
  state_->append(format_event(event) + "\n");
}

std::vector<Event> read_events(const std::filesystem::path& events_jsonl) {
  const std::string text = read_file(events_jsonl);
  std::vector<Event> events;
  Location where{events_jsonl, 0};
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string::npos) break;  // torn: the writer was killed, or is writing right now
    ++where.line;
    events.push_back(in_context(where.str(), [&] {
      return parse_event(std::string_view(text).substr(start, end - start));
    }));
    start = end + 1;
  }
  return events;
}

}  // namespace rtfx::results
