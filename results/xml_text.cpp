// SPDX-License-Identifier: Apache-2.0
#include "results/xml_text.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace rtfx::results {
namespace {

/// What stands for the character in text or in an attribute; "" when it stands for itself.
std::string_view escape_of(char c, bool attribute) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\r':
      return "&#13;";
    case '"':
      return attribute ? "&quot;" : "";
    case '\n':
      return attribute ? "&#10;" : "";
    case '\t':
      return attribute ? "&#9;" : "";
    default:
      return "";
  }
}

void append_escaped(std::string& out, std::string_view clean, bool attribute) {
  for (const char c : clean) {
    const std::string_view escape = escape_of(c, attribute);
    if (escape.empty()) {
      out += c;
    } else {
      out += escape;
    }
  }
}

}  // namespace

void append_xml_text(std::string& out, std::string_view text) {
  append_escaped(out, text::printable(text), false);
}

void append_xml_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "=\"";
  append_escaped(out, text::printable(value), true);
  out += '"';
}

std::string shortened(const std::string& text, std::size_t limit) {
  const std::string clean = text::printable(text);
  std::size_t cost = 0, end = 0;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    cost += std::max<std::size_t>(1, escape_of(clean[i], true).size());
    if (cost > limit) return clean.substr(0, end) + "...";
    const bool last = i + 1 == clean.size();
    const bool whole = last || (static_cast<unsigned char>(clean[i + 1]) & 0xC0) != 0x80;
    if (whole && cost + 3 <= limit) end = i + 1;
  }
  return clean;
}

}  // namespace rtfx::results
