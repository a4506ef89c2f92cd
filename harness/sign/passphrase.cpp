// SPDX-License-Identifier: Apache-2.0
#include "harness/sign/passphrase.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::sign {
namespace {

constexpr std::size_t longest = 1024;
constexpr char end_of_text = 3;   // Ctrl-C
constexpr char end_of_input = 4;  // Ctrl-D
constexpr char backspace = 8;
constexpr char erase_line = 21;  // Ctrl-U
constexpr char rubout = 127;

/// The terminal without echo, and with Ctrl-C as a character: nobody waits for a signal here.
class SilentTerminal {
 public:
  explicit SilentTerminal(int fd) : fd_(fd) {
    if (::tcgetattr(fd_, &before_) != 0) throw system_error("asking on the terminal", errno);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    ::tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() { ::tcsetattr(fd_, TCSAFLUSH, &before_); }

 private:
  int fd_;
  termios before_{};
};

char read_character(int fd) {
  char c = 0;
  for (;;) {
    const ssize_t got = ::read(fd, &c, 1);
    if (got == 1) return c;
    if (got == 0) return end_of_input;
    if (errno != EINTR) throw system_error("asking on the terminal", errno);
  }
}

Secret read_line(int fd) {
  Secret line(longest);
  std::size_t length = 0;
  for (;;) {
    const char c = read_character(fd);
    if (c == end_of_text) throw Error("no passphrase was given", ExitCode::interrupted);
    if (c == '\n' || c == '\r' || c == end_of_input) break;
    if (c == erase_line) {
      length = 0;
    } else if (c == backspace || c == rubout) {
      if (length > 0) --length;
    } else if (length < line.capacity()) {
      line.data()[length++] = c;
    }
  }
  line.resize(length);
  return line;
}

}  // namespace

bool take_from_environment(const char* name, Secret& value) {
  char* text = std::getenv(name);
  if (text == nullptr) return false;
  const std::size_t length = std::strlen(text);
  value = Secret(std::string_view(text, length));
  OPENSSL_cleanse(text, length);
  ::unsetenv(name);
  return true;
}

Secret passphrase_for(const std::string& name) {
  Secret passphrase, other;
  const bool ours = take_from_environment("RTFX_KEY_PASSWORD", passphrase);
  const bool cosigns = take_from_environment("COSIGN_PASSWORD", other);
  if (ours) return passphrase;
  if (cosigns) return other;
  const FileDescriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal)
    throw Error(name +
                    " needs a passphrase: set RTFX_KEY_PASSWORD (or COSIGN_PASSWORD); there is no "
                    "terminal to ask on",
                ExitCode::usage);
  write_all(terminal.get(), "Passphrase for " + name + ": ", "/dev/tty");
  Secret line = [&] {
    const SilentTerminal silent(terminal.get());
    return read_line(terminal.get());
  }();
  write_all(terminal.get(), "\n", "/dev/tty");
  return line;
}

}  // namespace rtfx::sign
