// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace rtfx::results {

/// The files of one run in the folder of the merged run.
class MergedFiles {
 public:
  /// Brings every file of `source` but reports and the log to `target`; those whose names are taken,
  /// below target/OWN. `link`: hard links will do, for the run will not write to them any more.
  MergedFiles(const std::filesystem::path& source, const std::filesystem::path& target,
              const std::string& own, bool link);

  /// Where a log of the run is now. One that was not there is named where nothing is, so that no
  /// other run's log stands for it. Throws Error (ExitCode::usage) for a path out of the folder.
  std::string now(const std::string& log) const;
  /// Links, sockets and the like, which are not brought.
  int left_out() const { return left_out_; }

 private:
  std::string own_;
  std::map<std::string, std::string> moved_;  ///< only those that changed their names
  std::filesystem::path source_;
  int left_out_ = 0;
};

}  // namespace rtfx::results
