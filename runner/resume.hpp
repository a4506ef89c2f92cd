// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "results/event.hpp"

namespace rtfx::runner {

/// What is left of a run that was killed, interrupted or out of time.
struct Unfinished {
  std::string id;
  std::string labels;  ///< as -l gave them
  std::string shard;   ///< "2/5", or ""
  std::vector<std::string> arches;
  std::set<results::UnitId> units;  ///< cases without a result of their own
  std::size_t finished = 0;         ///< cases that have one
};

/// Reads RESULTS/ID. Throws Error (ExitCode::usage) when there is no such run.
Unfinished read_unfinished(const std::filesystem::path& results, const std::string& id);

}  // namespace rtfx::runner
