// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <stop_token>
#include <string>
#include <string_view>

#include "harness/vm/boot.hpp"
#include "harness/vm/terminal_filter.hpp"

namespace rtfx::commands {

/// The guest's console on standard output: as it is, or made harmless when that is a terminal that only looks on.
class ConsolePrinter {
 public:
  /// Does nothing when `quiet`. A reader that does not read is waited for until `stop` is requested.
  ConsolePrinter(bool quiet, bool raw, std::stop_token stop);
  void print(std::string_view bytes);
  /// From now on the user works with it. From any thread.
  void hand_over() { raw_ = true; }
  /// Ends the line, and brings back the terminal's colours.
  void finish();

 private:
  void write(std::string_view bytes);

  bool quiet_, terminal_;
  std::atomic<bool> raw_;
  std::stop_token stop_;
  vm::TerminalFilter filter_;
  char last_ = '\n';
};

/// The verdict, one line and what explains it, on standard error.
void print_verdict(const vm::BootOutcome& outcome);
/// The verdict on standard output.
void print_verdict_as_json(const vm::BootOutcome& outcome, const vm::BootSpec& spec);

}  // namespace rtfx::commands
