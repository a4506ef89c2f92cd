// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace rtfx::runner {

/// $RTFX_TMP of one unit: a private directory that is removed on destruction. File systems that a
/// script left mounted in it are detached first; as long as one is there nothing is removed, since
/// what is mounted may be anything of the host's.
class ScratchDirectory {
 public:
  /// Throws Error.
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace rtfx::runner
