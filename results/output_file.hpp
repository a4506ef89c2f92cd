// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.hpp"

namespace rtfx::results {

/// A file that is written piece by piece beside its place and put there by commit(): readers find the
/// old one or the new, never a part. Without commit() nothing is left. Not synced to the disk: what
/// is written this way can be made again.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();
  /// Throws Error when the disk refuses, as commit() does.
  void append(std::string_view bytes);
  void commit();

 private:
  void flush();

  std::filesystem::path path_, part_;
  FileDescriptor file_;
  std::string buffer_;
};

}  // namespace rtfx::results
