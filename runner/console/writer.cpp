// SPDX-License-Identifier: Apache-2.0
#include "runner/console/writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "harness/process/interrupt.hpp"

namespace rtfx::console {
namespace {

constexpr std::size_t most_in_memory = 1 << 20;
/// What a pipe takes without waiting when poll(2) calls it writable (POSIX, PIPE_BUF).
constexpr std::size_t careful_piece = 512;
constexpr auto between_tries = std::chrono::milliseconds(20);
constexpr int patience = 200;  ///< milliseconds between looks at whether the program is to stop

/// The terminal or pipe once more. O_NONBLOCK belongs to an open file, which the shell and others
/// share: a second one is needed to have it for this program alone.
int open_again(int fd) {
  struct stat file {};
  if (::fstat(fd, &file) != 0 || !(S_ISFIFO(file.st_mode) || S_ISCHR(file.st_mode))) return -1;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

bool can_wait(int fd) {
  struct stat file {};
  return ::fstat(fd, &file) == 0 &&
         (S_ISFIFO(file.st_mode) || S_ISCHR(file.st_mode) || S_ISSOCK(file.st_mode));
}

bool is_writable(int fd, int milliseconds) {
  struct pollfd poll {
    fd, POLLOUT, 0
  };
  return ::poll(&poll, 1, milliseconds) > 0;
}

}  // namespace

Writer::Writer(int fd) : fd_(fd), own_(open_again(fd)), waits_(own_ < 0 && can_wait(fd)) {}

Writer::~Writer() {
  detach();
  finish();
  if (own_ >= 0) ::close(own_);
}

void Writer::attach(process::Loop& loop) {
  loop_ = &loop;
  if (behind()) try_later();
}

void Writer::detach() {
  if (timer_) loop_->cancel(*timer_);
  timer_.reset();
  loop_ = nullptr;
}

void Writer::try_later() {
  if (loop_ == nullptr || timer_) return;
  timer_ = loop_->after(between_tries, [this] {
    timer_.reset();
    flush();
    if (behind()) try_later();
  });
}

void Writer::write(std::string_view text) {
  if (behind()) flush();
  if (!behind()) text.remove_prefix(put(text));
  if (!text.empty()) keep(text);
}

/// Writes as much as is taken now. What can never be written counts as written.
std::size_t Writer::put(std::string_view text) {
  std::size_t done = 0;
  while (done < text.size() && problem_ == 0) {
    if (waits_ && !is_writable(fd_, 0)) return done;
    const std::size_t piece = text.size() - done;
    const ssize_t written =
        ::write(fd(), text.data() + done, waits_ ? std::min(piece, careful_piece) : piece);
    if (written >= 0)
      done += static_cast<std::size_t>(written);
    else if (errno == EAGAIN)
      return done;
    else if (errno != EINTR)
      problem_ = errno;
  }
  return text.size();
}

void Writer::keep(std::string_view text) {
  if (problem_ != 0) return;
  try_later();
  if (spilled_ == 0 && kept_.size() + text.size() <= most_in_memory) {
    kept_ += text;
    return;
  }
  if (!spill_) spill_.reset(std::tmpfile());
  if (!spill_ || std::fseek(spill_.get(), 0, SEEK_END) != 0) return;
  spilled_ += std::fwrite(text.data(), 1, text.size(), spill_.get());
}

void Writer::flush() {
  do {
    kept_.erase(0, put(kept_));
  } while (kept_.empty() && refill());
}

/// Takes the next piece from the disk.
bool Writer::refill() {
  if (spilled_ == 0) return false;
  kept_.resize(std::min(spilled_, most_in_memory));
  std::fseek(spill_.get(), spill_read_, SEEK_SET);
  const std::size_t got = std::fread(kept_.data(), 1, kept_.size(), spill_.get());
  spilled_ = got == kept_.size() ? spilled_ - got : 0;
  spill_read_ += static_cast<long>(got);
  kept_.resize(got);
  if (spilled_ == 0) {
    spill_.reset();
    spill_read_ = 0;
  }
  return !kept_.empty();
}

void Writer::finish() {
  for (flush(); behind() && problem_ == 0; flush()) {
    if (!is_writable(fd(), patience) && process::interrupted()) return;
  }
}

}  // namespace rtfx::console
