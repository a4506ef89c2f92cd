// SPDX-License-Identifier: Apache-2.0
#include "results/merge_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/error.hpp"
#include "results/rows.hpp"

namespace rtfx::results {
namespace {

namespace fs = std::filesystem;

/// What is made from the log of a run, and the log itself.
bool derived(const fs::path& relative) {
  constexpr std::array<std::string_view, 7> names{"events.jsonl", "TESTS.csv", "TESTS.log",
                                                  "SUMMARY.csv",  "junit.xml", "SUMMARY.json",
                                                  "report.html"};
  return std::find(names.begin(), names.end(), relative.string()) != names.end();
}

void bring(const fs::path& from, const fs::path& to, bool hard_link) {
  std::error_code failed;
  fs::create_directories(to.parent_path(), failed);
  if (failed) throw system_error("making " + to.parent_path().string(), failed.value());
  if (hard_link && link(from.c_str(), to.c_str()) == 0) return;
  fs::copy_file(from, to, failed);
  if (failed) throw system_error("copying " + from.string() + " to " + to.string(), failed.value());
}

}  // namespace

MergedFiles::MergedFiles(const fs::path& source, const fs::path& target, const std::string& own,
                         bool link)
    : own_(own), source_(source) {
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(source, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const fs::path relative = entry->path().lexically_relative(source);
    const fs::file_status status = entry->symlink_status(failed);
    if (failed) break;
    if (fs::is_directory(status) || derived(relative)) continue;
    if (!fs::is_regular_file(status)) {
      ++left_out_;
      continue;
    }
    fs::path place = relative;
    if (fs::exists(fs::symlink_status(target / place))) {
      place = own / relative;
      moved_[relative.string()] = place.string();
    }
    bring(entry->path(), target / place, link);
  }
  if (failed) throw system_error("reading " + source.string(), failed.value());
}

std::string MergedFiles::now(const std::string& log) const {
  if (log.empty()) return log;
  const auto file = log_file(source_, log);
  if (!file) {
    throw Error(source_.string() + "/events.jsonl names a log outside of its folder: " + log,
                ExitCode::usage);
  }
  const std::string relative = fs::path(log).lexically_normal().string();
  const auto moved = moved_.find(relative);
  if (moved != moved_.end()) return moved->second;
  return fs::is_regular_file(fs::symlink_status(*file)) ? relative
                                                        : (fs::path(own_) / relative).string();
}

}  // namespace rtfx::results
