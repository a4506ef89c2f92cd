// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "harness/vm/escape_sequences.hpp"

namespace rtfx::vm {

/// Turns the bytes of a serial console into lines of text. Escape sequences (ECMA-48) and control characters but tab
/// are left out; a line ends at CR, LF or any run of them, and empty lines are not reported. Memory is bounded: after
/// `longest_line` bytes a line is reported as it is and what follows counts as the next one.
class ConsoleLines {
 public:
  static constexpr std::size_t longest_line = 4096;

  /// Calls `line` for every line that these bytes end.
  void feed(std::string_view bytes, const std::function<void(std::string_view)>& line);

  /// The line so far that has not ended: a prompt, for instance.
  const std::string& unfinished() const { return line_; }

 private:
  void text(char c, const std::function<void(std::string_view)>& line);

  EscapeSequences sequences_;
  std::string line_;
};

}  // namespace rtfx::vm
