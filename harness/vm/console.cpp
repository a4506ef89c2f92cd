// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/console.hpp"

namespace rtfx::vm {

namespace {

bool ends_line(char c) { return c == '\n' || c == '\r'; }

}  // namespace

void ConsoleLines::feed(std::string_view bytes, const std::function<void(std::string_view)>& line) {
  for (const char c : bytes) {
    if (sequences_.take(c) == EscapeSequences::Part::text) text(c, line);
  }
}

void ConsoleLines::text(char c, const std::function<void(std::string_view)>& line) {
  const bool full = line_.size() >= longest_line;
  if (ends_line(c) || full) {
    if (!line_.empty()) line(line_);
    line_.clear();
  }
  const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f';
  if (!control) line_ += c;
}

}  // namespace rtfx::vm
