// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/files.hpp"

namespace rtfx::vm {

/// The conversation with one qemu over QMP (QEMU docs/interop/qmp-spec), as far as booting needs it: let the stopped
/// guest run, and learn why it ended. What is not understood is passed over.
class Qmp {
 public:
  /// Listens at an abstract socket (unix(7)) with a name that nobody can guess: no file is left behind, whatever happens.
  Qmp();
  /// Where qemu is to connect to.
  const std::string& name() const { return name_; }

  /// Takes qemu's connection when it comes, reads what has come and answers it. Waits at most `patience` for input.
  void poll(std::chrono::milliseconds patience);
  /// Reads what is left after qemu has ended.
  void drain();

  bool running() const { return running_; }  ///< the guest was told to go on
  const std::string& shutdown_reason() const { return shutdown_reason_; }
  bool guest_panicked() const { return guest_panicked_; }

 private:
  void accept();
  bool read();
  void handle(const std::string& line);
  void send(const std::string& line);

  std::string name_;
  FileDescriptor listener_, connection_;
  std::string input_;
  bool running_ = false;
  bool closed_ = false;
  bool guest_panicked_ = false;
  std::string shutdown_reason_;
};

}  // namespace rtfx::vm
