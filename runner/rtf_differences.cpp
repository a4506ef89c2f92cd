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

}  // namespace rtfx::runner
