// SPDX-License-Identifier: Apache-2.0
#include "runner/console/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/files.hpp"

namespace rtfx::console {
namespace {

// What a signal handler or the last moment of the process needs. Only one Keyboard and one live area
// are there at a time.
struct Keys {
  int fd = -1;
  struct termios before {};  ///< as it was found
  struct termios ours {};
};
Keys keys;
std::atomic<bool> keys_taken = false;

struct Erase {
  int fd = -1;
  std::array<char, 64> bytes{};
  std::size_t size = 0;
};
std::array<Erase, 2> erases;  // the one that is not in use is written
std::atomic<const Erase*> erase = nullptr;
std::atomic<bool> erased = false;

void write_erase() noexcept {
  const Erase* what = erase.exchange(nullptr);
  if (what == nullptr) return;
  erased = true;
  // Nothing can be done about an error here.
  if (::write(what->fd, what->bytes.data(), what->size) < 0) return;
}

bool own_terminal(int fd) noexcept { return ::tcgetpgrp(fd) == ::getpgrp(); }

void give_back() noexcept {
  if (keys_taken.exchange(false) && own_terminal(keys.fd))
    ::tcsetattr(keys.fd, TCSANOW, &keys.before);
}

void take() noexcept {
  if (!keys_taken.load() && ::tcsetattr(keys.fd, TCSANOW, &keys.ours) == 0) keys_taken = true;
}

/// The terminal once more: the shell's open file must not become non-blocking.
int open_again(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/// Stops as everybody does, but leaves the terminal as it was found; refresh() takes it again.
void stopped(int) {
  const int saved = errno;
  give_back();
  write_erase();
  ::raise(SIGSTOP);
  errno = saved;
}

}  // namespace

Size terminal_size(int fd) {
  struct winsize size {};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

bool is_capable_terminal(int fd) {
  const std::string term = environment("TERM");
  return ::isatty(fd) == 1 && !term.empty() && term != "dumb";
}

bool in_foreground(int fd) {
  const pid_t group = ::tcgetpgrp(fd);
  return group == -1 || group == ::getpgrp();  // -1: not our controlling terminal, nobody stops us
}

void restore_terminal() noexcept {
  give_back();
  write_erase();
}

void erase_on_exit(int fd, const std::string& sequence) {
  Erase& next = erase.load() == &erases[0] ? erases[1] : erases[0];
  next.fd = fd;
  next.size = std::min(sequence.size(), next.bytes.size());
  std::copy_n(sequence.begin(), next.size, next.bytes.begin());
  erase = next.size == 0 ? nullptr : &next;
}

bool erased_meanwhile() { return erased.exchange(false); }

StopGuard::StopGuard() {
  struct sigaction before {};
  ::sigaction(SIGTSTP, nullptr, &before);
  // A shell without job control ignores it, and so do we then.
  if (before.sa_handler != SIG_DFL) return;
  struct sigaction action {};
  action.sa_handler = stopped;
  action.sa_flags = SA_RESTART;
  installed_ = ::sigaction(SIGTSTP, &action, nullptr) == 0;
}

StopGuard::~StopGuard() {
  if (installed_) ::signal(SIGTSTP, SIG_DFL);
}

Keyboard::Keyboard(process::Loop& loop, int fd, std::function<void(char)> pressed)
    : loop_(loop), fd_(open_again(fd)), pressed_(std::move(pressed)), gone_(fd_ < 0) {
  keys.fd = fd_;
  refresh();
}

Keyboard::~Keyboard() {
  release();
  if (fd_ >= 0) ::close(fd_);
}

void Keyboard::release() {
  give_back();
  if (watching_) loop_.unwatch(fd_);
  watching_ = false;
}

void Keyboard::refresh() {
  if (gone_) return;
  if (!own_terminal(fd_)) {
    // The modes are the shell's now, and reading would stop this process (SIGTTIN).
    keys_taken = false;
    return release();
  }
  if (!keys_taken) {
    if (::tcgetattr(fd_, &keys.before) != 0) return;
    keys.ours = keys.before;
    keys.ours.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys.ours.c_cc[VMIN] = 1;
    keys.ours.c_cc[VTIME] = 0;
    take();
  }
  if (!watching_) loop_.watch(fd_, [this] { read(); });
  watching_ = true;
}

void Keyboard::read() {
  if (!own_terminal(fd_)) return refresh();
  std::array<char, 64> bytes;
  const ssize_t got = ::read(fd_, bytes.data(), bytes.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    gone_ = true;
    return release();
  }
  for (const char c : std::string(bytes.data(), static_cast<std::size_t>(got))) pressed_(c);
}

}  // namespace rtfx::console
