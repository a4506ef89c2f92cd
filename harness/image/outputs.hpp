// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "harness/image/image.hpp"
#include "harness/image/layout.hpp"

namespace rtfx::image {

/// Files that are written under temporary names and appear together. What is not committed is
/// removed on destruction.
class OutputSet {
 public:
  OutputSet(std::filesystem::path directory, std::string name, Format format);
  OutputSet(const OutputSet&) = delete;
  OutputSet& operator=(const OutputSet&) = delete;
  ~OutputSet();

  /// Every suffix that the format can have: "-kernel", ".tar".
  static std::vector<std::string> suffixes(Format format);

  /// Opens the temporary file of NAME + suffix for writing.
  FileDescriptor create(const std::string& suffix);
  struct File {
    std::string suffix;
    std::filesystem::path temporary;
  };
  const std::vector<File>& files() const { return files_; }
  /// Forgets and removes all files.
  void clear();
  /// Gives all files their names, removes the format's files that are not among them, and returns
  /// the paths.
  std::vector<std::filesystem::path> commit();

 private:
  std::filesystem::path directory_;
  std::string name_;
  Format format_;
  std::vector<File> files_;
};

/// Writes the layout in the set's format; returns warnings about what the format could not hold.
std::vector<std::string> write_outputs(const Layout& layout, const Spool& spool, Format format,
                                       OutputSet& outputs, std::stop_token stop);

}  // namespace rtfx::image
