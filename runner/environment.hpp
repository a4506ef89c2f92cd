// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/arch.hpp"
#include "runner/run.hpp"

namespace rtfx::runner {

/// What a script's environment depends on.
struct ScriptPlace {
  std::filesystem::path cases;  ///< the directory of all cases
  std::filesystem::path run_folder;
  std::filesystem::path share;    ///< with lib.sh and utils/
  std::filesystem::path scratch;  ///< private to the unit
  std::string test_name;          ///< "UNKNOWN" for scripts of groups, as in rtf
};

/// The variables that scripts are given besides the inherited ones: rtf's RT_*, ours, and those of
/// the options, which cannot replace rtf's.
std::map<std::string, std::string> script_environment(const ScriptPlace& place,
                                                      const RunOptions& options, const Arch& arch,
                                                      const ArchTable& arches);

}  // namespace rtfx::runner
