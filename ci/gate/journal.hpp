// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/files.hpp"

namespace rtfx::gate {

/// _release/<id>/journal.jsonl: what was decided, staged and published, a line each, on disk before the next step begins.
class Journal {
 public:
  /// Makes or continues FOLDER/journal.jsonl. Throws Error.
  explicit Journal(const std::filesystem::path& folder);

  /// Appends {"time": now, "event": event, …fields} and syncs it to the disk. Throws Error.
  void append(const std::string& event, const std::map<std::string, std::string>& fields);

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
};

}  // namespace rtfx::gate
