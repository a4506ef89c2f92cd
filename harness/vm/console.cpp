// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/console.hpp"

namespace rtfx::vm {

namespace {

constexpr char escape = '\x1b';
constexpr char bell = '\x07';

bool ends_line(char c) { return c == '\n' || c == '\r'; }
bool between(char c, char first, char last) { return c >= first && c <= last; }

}  // namespace

void ConsoleLines::feed(std::string_view bytes, const std::function<void(std::string_view)>& line) {
  for (const char c : bytes) {
    // A broken sequence ends with its line at the latest, so that noise cannot hide what comes after it.
    if (state_ != State::text && ends_line(c)) state_ = State::text;
    switch (state_) {
      case State::text:
        if (c == escape) {
          state_ = State::escape;
        } else {
          text(c, line);
        }
        break;
      case State::escape:
        if (c == '[') {
          state_ = State::control;
        } else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') {
          state_ = State::string;
        } else if (between(c, ' ', '/')) {
          state_ = State::intermediate;
        } else if (c != escape) {
          state_ = State::text;
        }
        break;
      case State::intermediate:
        if (!between(c, ' ', '/')) state_ = c == escape ? State::escape : State::text;
        break;
      case State::control:
        if (c == escape) {
          state_ = State::escape;
        } else if (!between(c, ' ', '?')) {
          state_ = State::text;
        }
        break;
      case State::string:
        if (c == bell) state_ = State::text;
        if (c == escape) state_ = State::string_escape;
        break;
      case State::string_escape:
        state_ = c == escape ? State::string_escape : c == '\\' ? State::text : State::string;
        break;
    }
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
