// SPDX-License-Identifier: Apache-2.0
#include "runner/share.hpp"

#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::runner {

fs::path own_program() {
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) throw system_error("reading /proc/self/exe", failed.value());
  return program;
}

fs::path share_directory() {
  std::vector<fs::path> places;
  if (const std::string given = environment("RTFX_SHARE"); !given.empty()) {
    places.push_back(fs::absolute(given));
  } else {
    places.push_back(own_program().parent_path().parent_path() / "share" / "rtfx");
    places.push_back(fs::path(RTFX_SOURCE_SHARE));
  }
  for (const fs::path& place : places) {
    if (fs::exists(place / "lib.sh")) return place;
  }
  throw Error("no lib.sh in " + places.front().string() +
                  "; set RTFX_SHARE to the folder share/rtfx of rtfx's source",
              ExitCode::host);
}

}  // namespace rtfx::runner
