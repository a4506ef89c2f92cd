// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stop_token>
#include <vector>

#include "base/files.hpp"
#include "harness/image/layout.hpp"

namespace rtfx::image {

/// A tar that write_tar() wrote, with the records that other readers of tars drop.
class OwnTar {
 public:
  /// Reads all headers. Throws Error (ExitCode::usage) for a tar that is damaged, or from another
  /// program.
  explicit OwnTar(const std::filesystem::path& file);

  const std::filesystem::path& path() const { return path_; }
  /// In order; the extents of contents are places in the file.
  const std::vector<LaidOut>& entries() const { return entries_; }
  const LaidOut* find(const std::string& path) const;
  std::string read(const Extent& contents) const;
  /// Copies contents into the spool.
  Extent copy(const Extent& contents, Spool& spool, std::stop_token stop) const;

 private:
  std::filesystem::path path_;
  FileDescriptor fd_;
  std::vector<LaidOut> entries_;
};

}  // namespace rtfx::image
