// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/unused.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/kernel/lock.hpp"

namespace rtfx::kernel {

namespace {

constexpr const char* removed_suffix = ".removed";

/// On the disk; a file with several names counts once for each.
std::uint64_t bytes_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return 0;
  constexpr std::uint64_t block = 512;
  std::uint64_t bytes = static_cast<std::uint64_t>(status.st_blocks) * block;
  if (!S_ISDIR(status.st_mode)) return bytes;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error))
    bytes += bytes_of(entry.path());
  return bytes;
}

/// Or a file. Under another name first: a source is taken for whole where it has its own.
void remove_folder(const fs::path& path) {
  fs::path last = path;
  if (!path.native().ends_with(removed_suffix)) {
    last += removed_suffix;
    fs::remove_all(last);
    fs::rename(path, last);
  }
  fs::remove_all(last);
}

class Collector {
 public:
  Collector(std::chrono::hours age, bool dry_run)
      : before_(fs::file_time_type::clock::now() - age), dry_run_(dry_run) {}

  /// What is there for a while: whole folders and files of `parent`.
  void old(const fs::path& parent) {
    each(parent, [&](const fs::directory_entry& entry) {
      return entry.path().native().ends_with(removed_suffix) || entry.last_write_time() < before_;
    });
  }

  /// What is there while a process works, which the locks say none does.
  void left_behind(const fs::path& parent, const std::string& prefix) {
    each(parent, [&](const fs::directory_entry& entry) {
      return entry.path().filename().native().starts_with(prefix);
    });
  }

  Unused take() {
    std::sort(unused_.paths.begin(), unused_.paths.end());
    return std::move(unused_);
  }

 private:
  template <typename Wanted>
  void each(const fs::path& parent, const Wanted& wanted) {
    std::error_code none;
    std::vector<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(parent, none)) {
      const std::string name = entry.path().filename().string();
      if (name != "lock" && name != "downloads" && wanted(entry)) found.push_back(entry.path());
    }
    for (const fs::path& path : found) {
      unused_.bytes += bytes_of(path);
      if (!dry_run_) remove_folder(path);
      unused_.paths.push_back(path);
    }
  }

  fs::file_time_type before_;
  bool dry_run_;
  Unused unused_;
};

}  // namespace

void mark_used(const fs::path& folder) {
  std::error_code ignored;  // of a cache that is not ours to write to: then others remove nothing
  fs::last_write_time(folder, fs::file_time_type::clock::now(), ignored);
}

Unused remove_unused(const fs::path& folder, std::chrono::hours age, bool dry_run) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return {};
  const fs::path sources = folder / "source";
  const auto building = try_lock_folder(folder), unpacking = try_lock_folder(sources);
  if (!building || !unpacking) return {.paths = {}, .bytes = 0, .busy = true};
  Collector collector(age, dry_run);
  try {
    collector.left_behind(folder, "afresh");
    collector.left_behind(sources, "unpacked");
    collector.old(sources);
    collector.old(sources / "downloads");
    collector.old(folder / "build");
  } catch (const fs::filesystem_error& failure) {
    throw Error(std::string("removing what kernels were built from: ") + failure.what());
  }
  return collector.take();
}

}  // namespace rtfx::kernel
