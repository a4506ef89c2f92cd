// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "base/files.hpp"

namespace rtfx::vm {

/// A file that no directory has: it is gone with the last process that has it open, however that ends. Other programs
/// of the same user open it by `path()`, while this object lives.
class NamelessFile {
 public:
  /// On the file system of `directory`, readable and writable.
  explicit NamelessFile(const std::filesystem::path& directory);
  /// In memory, with this content.
  static NamelessFile with(std::string_view content);
  /// In memory, a copy of a file; what is 0 in it takes no memory.
  static NamelessFile copy_of(const std::filesystem::path& file);

  std::filesystem::path path() const;
  /// Gives it a name. False when there is a file of that name.
  bool link_to(const std::filesystem::path& name) const;

 private:
  explicit NamelessFile(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace rtfx::vm
