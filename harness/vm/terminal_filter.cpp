// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/terminal_filter.hpp"

#include "base/text.hpp"

namespace rtfx::vm {

namespace {

bool is_colour(const std::string& parameters, char final) {
  return final == 'm' && parameters.find_first_not_of("0123456789;:") == parameters.npos;
}

std::size_t bytes_after(unsigned char first) {
  if (first >= 0xc2 && first <= 0xdf) return 1;
  if (first >= 0xe0 && first <= 0xef) return 2;
  if (first >= 0xf0 && first <= 0xf4) return 3;
  return 0;
}

/// A character of several bytes that is one, and none of the control characters of ISO 6429's C1.
bool is_harmless(const std::string& character) {
  const bool control = character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0;
  return !control && text::printable(character) == character;
}

}  // namespace

std::string TerminalFilter::feed(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    switch (sequences_.take(c)) {
      case EscapeSequences::Part::text:
        text(static_cast<unsigned char>(c), out);
        break;
      case EscapeSequences::Part::sequence:
        break;
      case EscapeSequences::Part::control_final:
        if (!is_colour(sequences_.parameters(), c)) break;
        out += "\x1b[" + sequences_.parameters() + c;
        coloured_ = true;
        break;
    }
  }
  return out;
}

void TerminalFilter::text(unsigned char c, std::string& out) {
  if (awaited_ > 0 && (c & 0xc0) == 0x80) {
    character_ += static_cast<char>(c);
    if (--awaited_ == 0) out += is_harmless(character_) ? character_ : "?";
    return;
  }
  if (awaited_ > 0) out += '?';  // it ends too early
  awaited_ = 0;
  if (c >= 0x80) {
    character_ = static_cast<char>(c);
    awaited_ = bytes_after(c);
    if (awaited_ == 0) out += '?';
  } else if ((c >= 0x20 && c != 0x7f) || c == '\t' || c == '\n' || c == '\r' || c == '\b') {
    out += static_cast<char>(c);
  }
}

std::string TerminalFilter::finish() { return coloured_ ? "\x1b[0m" : ""; }

}  // namespace rtfx::vm
