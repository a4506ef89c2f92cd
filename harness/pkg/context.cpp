// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/context.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/text.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

void set_time(const fs::path& path, std::int64_t timestamp) {
  const timespec time{static_cast<time_t>(timestamp), 0};
  const timespec times[] = {time, time};
  ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void copy_file(const fs::path& from, const fs::path& to, std::int64_t timestamp) {
  const fs::perms mode = fs::status(from).permissions();
  const bool executable = (mode & fs::perms::owner_exec) != fs::perms::none;
  // With several sources at one place the later one wins.
  fs::remove(to);
  fs::copy_file(from, to);
  fs::permissions(to, static_cast<fs::perms>(executable ? 0755 : 0644));
  set_time(to, timestamp);
}

void copy_tree(const fs::path& from, const fs::path& to, std::int64_t timestamp) {
  fs::create_directories(to);
  fs::permissions(to, static_cast<fs::perms>(0755));
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path target = to / entry.path().filename();
    // Of another repository in it, too: no tag sees what is there.
    if (entry.path().filename() == ".git") continue;
    if (entry.is_symlink()) {
      fs::remove(target);
      fs::copy_symlink(entry.path(), target);
      set_time(target, timestamp);
    } else if (entry.is_directory()) {
      copy_tree(entry.path(), target, timestamp);
    } else if (entry.is_regular_file()) {
      copy_file(entry.path(), target, timestamp);
    } else {
      throw Error(
          entry.path().string() +
          " is neither a file, a directory nor a symbolic link; remove it from the package");
    }
  }
  set_time(to, timestamp);
}

}  // namespace

void make_context(const Package& package, const fs::path& context, std::int64_t timestamp) {
  try {
    copy_tree(package.directory, context, timestamp);
    for (const std::string& entry : package.extra_sources) {
      const auto parts = text::split(entry, ':');
      const fs::path source = (package.directory / parts[0]).lexically_normal();
      copy_tree(source, context / fs::path(parts[1]).lexically_normal().relative_path(), timestamp);
    }
  } catch (const fs::filesystem_error& error) {
    throw Error("copying the package " + package.directory.string() + ": " + error.what());
  }
}

}  // namespace rtfx::pkg
