// SPDX-License-Identifier: Apache-2.0
//
// waivers.yml: cases that may fail for a while. Each waiver has an author and an end, so that it is nobody's habit.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "results/event.hpp"

namespace rtfx::gate {

struct Waiver {
  std::string pattern;              ///< name of a case, of a group of cases, or a glob
  std::vector<std::string> arches;  ///< empty: all
  std::string reason, author;       ///< never empty
  std::string expires;              ///< "YYYY-MM-DD", the last day (UTC) on which it holds
  std::string where;                ///< "waivers.yml:3", for messages

  bool expired(const std::string& today) const { return expires < today; }
  /// Only cases can be waived.
  bool covers(const results::UnitId& unit) const;
  bool operator==(const Waiver&) const = default;
};

/// Reads a list of {case, arch, reason, author, expires}. `arches`: those of the project, for checking names. Problems
/// are diagnostics with file:line.
std::vector<Waiver> parse_waivers(std::string_view text, const std::filesystem::path& file,
                                  const std::vector<std::string>& arches, Diagnostics& diagnostics);

}  // namespace rtfx::gate
