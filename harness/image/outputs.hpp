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
  OutputSet(std::filesystem::path directory, std::string name, std::vector<Format> formats);
  OutputSet(const OutputSet&) = delete;
  OutputSet& operator=(const OutputSet&) = delete;
  ~OutputSet();

  /// Every suffix that the formats can have, each once.
  std::vector<std::string> suffixes() const;

  /// Opens the temporary file of NAME + suffix for reading and writing.
  FileDescriptor create(const std::string& suffix);
  /// Whether it was created.
  bool has(const std::string& suffix) const;
  struct File {
    std::string suffix;
    std::filesystem::path temporary;
  };
  const std::vector<File>& files() const { return files_; }
  /// Forgets and removes all files.
  void clear();
  /// Gives all files their names, removes the formats' files that are not among them, and returns
  /// the paths.
  std::vector<std::filesystem::path> commit();

 private:
  std::filesystem::path directory_;
  std::string name_;
  std::vector<Format> formats_;
  std::vector<File> files_;
};

/// Writes the layout in all formats of the options; returns warnings about what a format could not hold.
std::vector<std::string> write_outputs(const Layout& layout, const Spool& spool,
                                       const AssembleOptions& options, OutputSet& outputs,
                                       std::stop_token stop);

}  // namespace rtfx::image
