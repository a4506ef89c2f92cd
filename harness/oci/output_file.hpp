// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/files.hpp"

namespace rtfx::oci {

/// A file that appears, or replaces the one of its name, only when it is complete. Links are followed; what is no file
/// (a device, a pipe) is written to as it is.
class OutputFile {
 public:
  /// Throws Error when nothing can be written there.
  explicit OutputFile(std::filesystem::path file);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  /// Without commit() nothing is left.
  ~OutputFile();

  int fd() const { return fd_.get(); }
  void commit();

 private:
  std::filesystem::path file_, temporary_;  ///< no temporary one: written in place
  FileDescriptor fd_;
};

}  // namespace rtfx::oci
