// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/escape_sequences.hpp"

namespace rtfx::vm {

namespace {

constexpr char escape = '\x1b';
constexpr char bell = '\x07';
constexpr std::size_t longest_parameters = 64;

bool between(char c, char first, char last) { return c >= first && c <= last; }

}  // namespace

EscapeSequences::State EscapeSequences::after_escape(char c) {
  parameters_.clear();
  if (c == '[') return State::control;
  if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') return State::string;
  if (between(c, ' ', '/')) return State::intermediate;
  return c == escape ? State::escape : State::text;
}

EscapeSequences::Part EscapeSequences::take_control(char c) {
  if (c == escape) {
    state_ = State::escape;
  } else if (!between(c, ' ', '?')) {
    state_ = State::text;
    return parameters_.size() < longest_parameters ? Part::control_final : Part::sequence;
  } else if (parameters_.size() < longest_parameters) {
    parameters_ += c;
  }
  return Part::sequence;
}

EscapeSequences::Part EscapeSequences::take(char c) {
  if (c == '\n' || c == '\r') state_ = State::text;
  switch (state_) {
    case State::text:
      if (c != escape) return Part::text;
      state_ = State::escape;
      break;
    case State::escape:
      state_ = after_escape(c);
      break;
    case State::intermediate:
      if (!between(c, ' ', '/')) state_ = c == escape ? State::escape : State::text;
      break;
    case State::control:
      return take_control(c);
    case State::string:
      if (c == bell) state_ = State::text;
      if (c == escape) state_ = State::string_escape;
      break;
    case State::string_escape:
      state_ = c == escape ? State::string_escape : c == '\\' ? State::text : State::string;
      break;
  }
  return Part::sequence;
}

}  // namespace rtfx::vm
