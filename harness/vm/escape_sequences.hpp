// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace rtfx::vm {

/// Tells the escape sequences of a terminal (ECMA-48) from text, byte by byte. A broken sequence ends with its line at
/// the latest, so that noise cannot hide what comes after it.
class EscapeSequences {
 public:
  enum class Part {
    text,
    sequence,  ///< of an escape sequence
    control_final  ///< the last byte of a control sequence of sane length: parameters() has what was before it
  };
  Part take(char c);

  /// Between CSI and the final byte, below 64 bytes.
  const std::string& parameters() const { return parameters_; }

 private:
  enum class State {
    text,
    escape,        ///< after ESC
    intermediate,  ///< after ESC and some of 0x20-0x2f: one more byte
    control,       ///< CSI: parameters up to a byte of 0x40-0x7e
    string,        ///< OSC, DCS and the like: up to BEL or ESC backslash
    string_escape,
  };
  State after_escape(char c);
  Part take_control(char c);

  State state_ = State::text;
  std::string parameters_;
};

}  // namespace rtfx::vm
