// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

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
  /// Whether it is as it was made: empty, and nobody has changed who may do what there.
  bool untouched() const;

 private:
  struct Identity {
    std::uintmax_t device = 0, inode = 0;
  };
  std::filesystem::path path_;
  Identity made_;
};

/// Directories for units that come one after the other. One that a unit has not touched serves the
/// next: to make and remove a directory costs a file system more than all else that a short case
/// needs.
class ScratchPool {
 public:
  /// Throws Error.
  std::unique_ptr<ScratchDirectory> take();
  void give_back(std::unique_ptr<ScratchDirectory> directory);

 private:
  std::vector<std::unique_ptr<ScratchDirectory>> idle_;
};

}  // namespace rtfx::runner
