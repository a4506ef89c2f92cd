// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/digest.hpp"

namespace rtfx::runner {

/// Digests of files, each read once.
class FileDigests {
 public:
  const std::string& of(const std::filesystem::path& file);

 private:
  std::map<std::filesystem::path, std::string> known_;
};

/// A digest over texts and trees of files, in which neighbours cannot run into each other.
class InputHash {
 public:
  explicit InputHash(FileDigests& files) : files_(files) {}

  void add(std::string_view text);
  /// Names, types, modes and contents below a path, in sorted order; `name` stands for the path
  /// itself. Links count with their target and with what is behind it. Throws Error for what cannot
  /// be read.
  void add_tree(const std::filesystem::path& path, const std::string& name);
  std::string finish() { return hasher_.finish().hex(); }

 private:
  void add_entry(const std::filesystem::path& path, const std::string& name, int links);

  FileDigests& files_;
  Hasher hasher_;
};

}  // namespace rtfx::runner
