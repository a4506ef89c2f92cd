// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/platforms.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::commands {

std::vector<std::string> parse_platforms(const std::string& flag, const std::string& list,
                                         const ArchTable& table) {
  std::vector<std::string> arches;
  for (const std::string& platform : text::split_list(list)) {
    if (!platform.starts_with("linux/"))
      throw Error(flag + ": \"" + text::one_line(platform) + "\" is not of the form linux/ARCH",
                  ExitCode::usage);
    arches.push_back(table.find(platform.substr(6)).name);
  }
  return arches;
}

}  // namespace rtfx::commands
