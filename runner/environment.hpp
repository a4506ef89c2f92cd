// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/arch.hpp"
#include "runner/run.hpp"

namespace rtfx::runner {

/// Where scripts find things.
struct ScriptPlace {
  std::filesystem::path cases;  ///< the directory of all cases
  std::filesystem::path run_folder;
  std::filesystem::path share;  ///< with lib.sh and utils/
};

/// The variables that all scripts for an arch are given besides the inherited ones: rtf's RT_*,
/// ours, and those of the options, which cannot replace rtf's. RT_TEST_NAME, RTFX_TMP,
/// RTFX_ATTEMPT and RTFX_VARIANT differ from unit to unit and are not among them.
std::map<std::string, std::string> script_environment(const ScriptPlace& place,
                                                      const RunOptions& options, const Arch& arch,
                                                      const ArchTable& arches);

}  // namespace rtfx::runner
