// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>
#include <thread>

#include "base/files.hpp"

namespace rtfx::vm {

/// Gives the bytes of a descriptor to a guest's console while it lives, on a thread of its own. The end of the input ends
/// nothing.
///
/// A terminal is put into raw mode until the destruction of this object. There, Ctrl-A is the escape: Ctrl-A x calls
/// `leave`, Ctrl-A Ctrl-A (or Ctrl-A a) gives one Ctrl-A to the guest, any other key after Ctrl-A calls `help`.
class ConsoleInput {
 public:
  struct Calls {
    std::function<void()> leave, help;
  };
  /// Both descriptors stay the caller's; `to` must be non-blocking.
  ConsoleInput(int from, int to, Calls calls);
  ~ConsoleInput();
  ConsoleInput(const ConsoleInput&) = delete;
  ConsoleInput& operator=(const ConsoleInput&) = delete;

 private:
  void run();
  bool read();
  bool write();
  void key(char c);

  int from_, to_;
  Calls calls_;
  bool terminal_;
  bool escape_ = false;  ///< after Ctrl-A
  std::string waiting_;  ///< for the guest to take it
  FileDescriptor wake_;
  std::thread thread_;
};

/// Brings back the terminal that a ConsoleInput has in raw mode, if any. Async-signal-safe.
void restore_console_terminal() noexcept;

}  // namespace rtfx::vm
