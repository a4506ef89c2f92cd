// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/files.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// A tree of cases on disk for unit tests.
class TestTree {
 public:
  TestTree& test(const std::string& directory, const std::string& script = "exit 0\n") {
    return write(directory + "/test.sh", script);
  }
  TestTree& group(const std::string& directory, const std::string& script) {
    return write(directory + "/group.sh", script);
  }
  TestTree& write(const std::string& file, const std::string& text) {
    write_file_atomically(directory_.path() / fs::path(file).relative_path(), text);
    return *this;
  }

  const fs::path& path() const { return directory_.path(); }

  /// The tree; problems are in `diagnostics`.
  const Group& load() {
    root_ = load_tree(directory_.path(), diagnostics, &differences);
    return *root_;
  }

  Diagnostics diagnostics;
  RtfDifferences differences;

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<Group> root_;
};

}  // namespace rtfx::runner
