// SPDX-License-Identifier: Apache-2.0
#include "runner/rtf_differences.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace rtfx::runner {

void RtfDifferences::add(Kind kind, const Location& where, const std::string& what) {
  Seen& seen = seen_[static_cast<std::size_t>(kind)];
  if (seen.count++ == 0) seen.first = where.str() + ": " + what;
}

std::vector<std::string> RtfDifferences::lines() const {
  std::vector<std::string> lines;
  for (const Seen& seen : seen_) {
    if (seen.count == 0) continue;
    lines.push_back(seen.first);
    if (seen.count > 1) lines.back() += " (and " + std::to_string(seen.count - 1) + " more)";
  }
  return lines;
}

std::string one_line(std::string_view path) {
  const auto plain = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (std::all_of(path.begin(), path.end(), plain)) return std::string(path);
  std::string line;
  for (const char c : text::printable(path)) {
    if (c == '\n') {
      line += "\\x0a";
    } else if (c == '\r') {
      line += "\\x0d";
    } else if (c == '\t') {
      line += "\\x09";
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace rtfx::runner
