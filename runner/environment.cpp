// SPDX-License-Identifier: Apache-2.0
#include "runner/environment.hpp"

#include "base/files.hpp"
#include "runner/select.hpp"
#include "runner/share.hpp"
#include "runner/system.hpp"

namespace rtfx::runner {

std::map<std::string, std::string> script_environment(const ScriptPlace& place,
                                                      const RunOptions& options, const Arch& arch,
                                                      const ArchTable& arches) {
  const std::string utils = (place.share / "utils").string();
  std::map<std::string, std::string> env{{"RTFX", own_program().string()},
                                         {"PATH", environment("PATH", "/usr/bin:/bin")}};
  for (const auto& [key, value] : options.env) env[key] = value;
  env["PATH"] = utils + ":" + env["PATH"];
  env["RT_ROOT"] = place.share.string();
  env["RT_LIB"] = (place.share / "lib.sh").string();
  env["RT_UTILS"] = utils;
  env["RT_PROJECT_ROOT"] = place.cases.string();
  env["RT_OS"] = system_info().os;
  env["RT_OS_VER"] = system_info().version;
  env["RT_LABELS"] = present_labels(options.labels, arch, arches).str(":");
  env["RT_RESULTS"] = place.run_folder.string();
  env["RTFX_ARCH"] = arch.name;
  return env;
}

}  // namespace rtfx::runner
