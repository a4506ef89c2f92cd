// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "harness/vm/escape_sequences.hpp"

namespace rtfx::vm {

/// Makes the bytes of a guest's console fit for the user's terminal. What passes: text in UTF-8, tab, line feed, carriage
/// return, backspace, and the sequences that choose colours (SGR, ECMA-48 8.3.117). All other escape sequences are left
/// out, other control characters too, and bytes that are no UTF-8 become "?". Pieces may be cut anywhere.
class TerminalFilter {
 public:
  std::string feed(std::string_view bytes);
  /// What brings the terminal's colours back; "" when none were chosen.
  std::string finish();

 private:
  void text(unsigned char c, std::string& out);

  EscapeSequences sequences_;
  std::string character_;    ///< a character of several bytes so far
  std::size_t awaited_ = 0;  ///< bytes of it that are missing
  bool coloured_ = false;
};

}  // namespace rtfx::vm
