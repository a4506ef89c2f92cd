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
    ssize_t wrote;
    do {
      wrote = ::write(file.get(), line.data(), line.size());
    } while (wrote < 0 && errno == EINTR);
    if (wrote == static_cast<ssize_t>(line.size())) return;
    const int reason = wrote < 0 ? errno : ENOSPC;
    if (wrote > 0) {
      const off_t size = lseek(file.get(), 0, SEEK_END);
      if (size < wrote || ftruncate(file.get(), size - wrote) != 0)
        throw system_error("shortening " + name, errno);
    }
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
  std::string line = format_event(event);
  line += '\n';
  state_->append(line);
}

void for_each_event(const std::filesystem::path& events_jsonl,
                    const std::function<void(Event&&)>& take) {
  const FileDescriptor file(open(events_jsonl.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw system_error("reading " + events_jsonl.string(), errno);
  Location where{events_jsonl, 0};
  const auto take_line = [&](std::string_view line) {
    ++where.line;
    Event event;
    try {
      event = parse_event(line);
    } catch (const Error& error) {
      throw error.with_context(where.str());
    }
    take(std::move(event));
  };
  // What is left at the end is torn: the writer was killed, or is writing right now.
  std::string rest;
  std::vector<char> block(1 << 16);
  for (;;) {
    const ssize_t got = read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading " + events_jsonl.string(), errno);
    if (got == 0) return;
    std::string_view bytes(block.data(), static_cast<std::size_t>(got));
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      if (rest.empty()) {
        take_line(bytes.substr(0, end));
      } else {
        rest += bytes.substr(0, end);
        take_line(rest);
        rest.clear();
      }
      bytes.remove_prefix(end + 1);
    }
    rest += bytes;
  }
}

std::vector<Event> read_events(const std::filesystem::path& events_jsonl) {
  std::vector<Event> events;
  for_each_event(events_jsonl, [&](Event&& event) { events.push_back(std::move(event)); });
  return events;
}

}  // namespace rtfx::results
