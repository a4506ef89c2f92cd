// SPDX-License-Identifier: Apache-2.0
//
// What tests look at: files that are written to, and a terminal.
#pragma once

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rtfx::console {

/// A file that what is written to it can be read back from.
class TestFile {
 public:
  TestFile() : fd(::memfd_create("console-test", MFD_CLOEXEC)) {}
  ~TestFile() { ::close(fd); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  std::string text() const {
    std::string all;
    std::array<char, 4096> block;
    ssize_t got = 0;
    while ((got = ::pread(fd, block.data(), block.size(), static_cast<off_t>(all.size()))) > 0)
      all.append(block.data(), static_cast<std::size_t>(got));
    return all;
  }

  const int fd;
};

/// The part of a terminal that programs of this kind rely on: text, CR, LF, cursor up, erase below,
/// colours. Lines that scroll out are kept. It does not break lines: what is longer is an error.
class TerminalModel {
 public:
  TerminalModel(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows) {}

  void feed(std::string_view bytes) {
    pending_ += bytes;
    std::size_t at = 0;
    while (at < pending_.size()) {
      const std::size_t used = step(std::string_view(pending_).substr(at));
      if (used == 0) break;
      at += used;
    }
    pending_.erase(0, at);
  }

  /// Everything that was ever left on it, without blanks at the ends of lines and of the text.
  std::string text() const {
    std::string all;
    for (std::string line : lines_) {
      line.erase(line.find_last_not_of(' ') + 1);
      all += line + "\n";
    }
    while (all.ends_with("\n\n")) all.pop_back();
    return all;
  }

 private:
  std::size_t step(std::string_view bytes) {
    if (lines_.empty()) lines_.emplace_back();
    const char c = bytes[0];
    if (c == '\x1b') return sequence(bytes);
    if (c == '\r') {
      column_ = 0;
    } else if (c == '\n') {
      if (++row_ == lines_.size()) lines_.emplace_back();
    } else {
      std::string& line = lines_[row_];
      if (column_ >= columns_) throw std::runtime_error("a line is too long: " + line);
      if (line.size() <= column_) line.resize(column_ + 1, ' ');
      line[column_++] = c;
    }
    return 1;
  }

  std::size_t sequence(std::string_view bytes) {
    const auto end = bytes.find_first_of("ABCDHJKm");
    if (end == std::string_view::npos) return 0;
    const std::string_view what = bytes.substr(1, end);
    const std::size_t top = lines_.size() > rows_ ? lines_.size() - rows_ : 0;
    if (what.back() == 'A') {
      const auto up = static_cast<std::size_t>(std::atoi(what.data() + 1));
      row_ = std::max(top, row_ - std::min(row_, up));
    } else if (what == "[J") {
      lines_[row_].resize(std::min(lines_[row_].size(), column_));
      lines_.resize(row_ + 1);
    } else if (what.back() != 'm') {
      throw std::runtime_error("a sequence that is not expected: " + std::string(what));
    }
    return end + 1;
  }

  std::size_t columns_, rows_;
  std::vector<std::string> lines_;
  std::size_t row_ = 0, column_ = 0;
  std::string pending_;
};

/// A pseudo-terminal with a model behind it.
class TestTerminal {
 public:
  TestTerminal(std::size_t columns, std::size_t rows) : model_(columns, rows) {
    struct winsize size {
      static_cast<unsigned short>(rows), static_cast<unsigned short>(columns), 0, 0
    };
    if (::openpty(&master, &fd, nullptr, nullptr, &size) != 0)
      throw std::runtime_error("no pseudo-terminal");
    ::fcntl(master, F_SETFL, O_NONBLOCK);
  }
  ~TestTerminal() {
    ::close(fd);
    if (master >= 0) ::close(master);
  }
  TestTerminal(const TestTerminal&) = delete;
  TestTerminal& operator=(const TestTerminal&) = delete;

  /// What was written since the last question.
  std::string bytes() {
    const std::string all = received();
    model_.feed(all);
    return all;
  }

  /// As bytes(), for what the model does not understand.
  std::string received() {
    std::string all;
    std::array<char, 4096> block;
    ssize_t got = 0;
    while ((got = ::read(master, block.data(), block.size())) > 0)
      all.append(block.data(), static_cast<std::size_t>(got));
    return all;
  }

  /// What a person sees, and what has scrolled away.
  std::string text() {
    bytes();
    return model_.text();
  }

  void resize(std::size_t columns, std::size_t rows) {
    struct winsize size {
      static_cast<unsigned short>(rows), static_cast<unsigned short>(columns), 0, 0
    };
    ::ioctl(master, TIOCSWINSZ, &size);
  }

  void hang_up() {
    ::close(master);
    master = -1;
  }

  int fd = -1, master = -1;

 private:
  TerminalModel model_;
};

}  // namespace rtfx::console
