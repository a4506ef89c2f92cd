// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "harness/process/loop.hpp"

namespace rtfx::console {

struct Size {
  std::size_t columns = 80, rows = 24;
  bool operator==(const Size&) const = default;
};

/// The size of the terminal now; 80 x 24 when it does not know.
Size terminal_size(int fd);
/// Whether the descriptor is a terminal that understands the sequences of ECMA-48: TERM is set, and
/// not "dumb".
bool is_capable_terminal(int fd);
/// Whether this process may draw there: not when its process group is in the background.
bool in_foreground(int fd);

/// Brings the terminal back to what it was when this process is about to end without unwinding:
/// erases the live area, gives the keyboard back. Async-signal-safe.
void restore_terminal() noexcept;
/// What restore_terminal() writes, to which terminal; "" for nothing. At most 64 bytes.
void erase_on_exit(int fd, const std::string& sequence);

/// Whether that was written since the last question: by restore_terminal() or because of a stop.
bool erased_meanwhile();

/// While it is there, a stop (SIGTSTP, Ctrl-Z) leaves the terminal as restore_terminal() does.
class StopGuard {
 public:
  StopGuard();
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

 private:
  bool installed_ = false;
};

/// The keyboard, key by key and without echo, while this process is in the foreground.
class Keyboard {
 public:
  /// `pressed` is called from the loop for each byte.
  Keyboard(process::Loop& loop, int fd, std::function<void(char)> pressed);
  /// Gives the keyboard back.
  ~Keyboard();
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  /// To be called now and then: takes the keyboard, or leaves it alone, as the process has come to
  /// the foreground or has left it.
  void refresh();

 private:
  void read();
  void release();

  process::Loop& loop_;
  int fd_;  ///< owned
  std::function<void(char)> pressed_;
  bool watching_ = false, gone_;
};

}  // namespace rtfx::console
