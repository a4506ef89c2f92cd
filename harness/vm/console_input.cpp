// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/console_input.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "base/error.hpp"

namespace rtfx::vm {

namespace {

constexpr char escape_key = '\x01';
constexpr std::size_t piece = 4096;

// For the last moment of the process, when nothing is unwound.
struct Raw {
  int fd = -1;
  struct termios before {};
};
Raw raw;
std::atomic<bool> is_raw = false;

void make_raw(int fd) {
  if (::tcgetattr(fd, &raw.before) != 0) return;
  raw.fd = fd;
  struct termios modes = raw.before;
  modes.c_iflag &=
      ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  is_raw = ::tcsetattr(fd, TCSANOW, &modes) == 0;
}

}  // namespace

void restore_console_terminal() noexcept {
  if (is_raw.exchange(false)) ::tcsetattr(raw.fd, TCSANOW, &raw.before);
}

ConsoleInput::ConsoleInput(int from, int to, Calls calls)
    : from_(from),
      to_(to),
      calls_(std::move(calls)),
      terminal_(::isatty(from) == 1),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  if (!wake_) throw system_error("making an event", errno);
  if (terminal_) make_raw(from_);
  thread_ = std::thread([this] { run(); });
}

ConsoleInput::~ConsoleInput() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
  thread_.join();
  if (terminal_) restore_console_terminal();
}

void ConsoleInput::run() {
  bool open = true;
  while (true) {
    // More is read only when the guest has taken what was read before.
    std::array<pollfd, 3> waits{pollfd{wake_.get(), POLLIN, 0},
                                pollfd{open && waiting_.empty() ? from_ : -1, POLLIN, 0},
                                pollfd{waiting_.empty() ? -1 : to_, POLLOUT, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (waits[0].revents != 0) return;
    if (waits[1].revents != 0) open = read();
    if (waits[2].revents != 0 && !write()) return;
  }
}

bool ConsoleInput::read() {
  std::array<char, piece> bytes;
  const ssize_t got = ::read(from_, bytes.data(), bytes.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (got <= 0) return false;
  const std::string_view text(bytes.data(), static_cast<std::size_t>(got));
  if (!terminal_) {
    waiting_ += text;
  } else {
    for (const char c : text) key(c);
  }
  return true;
}

/// False when the guest's end is gone.
bool ConsoleInput::write() {
  const ssize_t sent = ::write(to_, waiting_.data(), waiting_.size());
  if (sent < 0) return errno == EINTR || errno == EAGAIN;
  waiting_.erase(0, static_cast<std::size_t>(sent));
  return true;
}

void ConsoleInput::key(char c) {
  if (!escape_ && c == escape_key) {
    escape_ = true;
  } else if (!escape_) {
    waiting_ += c;
  } else {
    escape_ = false;
    if (c == 'x' || c == 'X') {
      calls_.leave();
    } else if (c == escape_key || c == 'a') {
      waiting_ += escape_key;
    } else {
      calls_.help();
    }
  }
}

}  // namespace rtfx::vm
