// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/console_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

ConsoleLog::ConsoleLog(const fs::path& path, std::uint64_t limit)
    : path_(path),
      // A FIFO without a reader would wait for one.
      file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                   0644)),
      room_(limit - std::min<std::uint64_t>(limit / 2, longest_end)),
      end_size_(static_cast<std::size_t>(limit - room_)) {
  if (!file_) {
    throw Error(
        fmt::format("cannot write the console log {}: {}", path.string(), std::strerror(errno)),
        ExitCode::usage);
  }
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) throw system_error("reading " + path.string(), errno);
  // The reader of a pipe can make the guest's clock wait.
  if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) {
    throw Error(fmt::format("cannot write the console log {}: it is a pipe; a file is needed",
                            path.string()),
                ExitCode::usage);
  }
}

void ConsoleLog::write(std::string_view bytes) {
  const std::string_view first =
      bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room_, bytes.size())));
  write_all(file_.get(), first, path_.string());
  room_ -= first.size();
  end_ += bytes.substr(first.size());
  if (end_.size() <= 2 * end_size_) return;
  const std::size_t excess = end_.size() - end_size_;
  left_out_ += excess;
  end_.erase(0, excess);
}

void ConsoleLog::finish() {
  if (end_.size() > end_size_) {
    left_out_ += end_.size() - end_size_;
    end_.erase(0, end_.size() - end_size_);
  }
  if (left_out_ > 0) end_ = fmt::format("\n[rtfx: {} bytes are left out here]\n", left_out_) + end_;
  write_all(file_.get(), end_, path_.string());
  end_.clear();
}

void TimedLog::write(std::string_view bytes, double seconds) {
  if (lines_.unfinished().empty()) began_ = seconds;
  lines_.feed(bytes, [&](std::string_view text) {
    line(text);
    began_ = seconds;
  });
}

void TimedLog::line(std::string_view text) {
  log_.write(fmt::format("{:10.3f}  {}\n", began_, text::printable(text)));
}

void TimedLog::finish() {
  if (!lines_.unfinished().empty()) line(lines_.unfinished());
  log_.finish();
}

}  // namespace rtfx::vm
