// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "base/files.hpp"

namespace rtfx::vm {

/// The conversation with one qemu over QMP (QEMU docs/interop/qmp-spec), as far as booting needs it: let the stopped
/// guest run, and learn why it ended. What is not understood is passed over.
class Qmp {
 public:
  explicit Qmp(std::filesystem::path socket) : socket_(std::move(socket)) {}

  /// Connects if qemu listens already, reads what has come and answers it. Waits at most `patience` for input.
  void poll(std::chrono::milliseconds patience);
  /// Reads what is left after qemu has ended.
  void drain();

  bool running() const { return running_; }  ///< the guest was told to go on
  const std::string& shutdown_reason() const { return shutdown_reason_; }
  bool guest_panicked() const { return guest_panicked_; }

 private:
  bool connect();
  bool read();
  void handle(const std::string& line);
  void send(const std::string& line);

  std::filesystem::path socket_;
  FileDescriptor connection_;
  std::string input_;
  bool running_ = false;
  bool guest_panicked_ = false;
  std::string shutdown_reason_;
};

}  // namespace rtfx::vm
