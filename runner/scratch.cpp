// SPDX-License-Identifier: Apache-2.0
#include "runner/scratch.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <ranges>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::runner {
namespace {

/// The kernel writes blank, tab, newline and backslash as three octal digits (proc(5), mountinfo).
std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Mount points below the directory, the latest mounts last.
std::vector<std::string> mounts_below(const fs::path& directory) {
  const std::string prefix = directory.string() + "/";
  std::vector<std::string> found;
  std::ifstream table("/proc/self/mountinfo");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string field;
    for (int i = 0; i < 5; ++i) fields >> field;
    const std::string point = unescape(field);
    if (point.starts_with(prefix) || point == directory) found.push_back(point);
  }
  return found;
}

}  // namespace

ScratchDirectory::ScratchDirectory() {
  // The kernel's table has the path without links.
  std::error_code failed;
  const fs::path parent = fs::canonical(environment("TMPDIR", "/tmp"), failed);
  if (failed) throw system_error("looking for $TMPDIR", failed.value());
  std::string name = (parent / "rtfx.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw system_error("making a directory like " + name, errno);
  path_ = name;
  struct stat now {};
  if (::lstat(name.c_str(), &now) != 0) throw system_error("reading " + name, errno);
  made_ = {now.st_dev, now.st_ino};
}

bool ScratchDirectory::untouched() const {
  struct stat now {};
  if (::lstat(path_.c_str(), &now) != 0 || !S_ISDIR(now.st_mode)) return false;
  // What is mounted on it is another inode.
  if (now.st_dev != made_.device || now.st_ino != made_.inode) return false;
  if ((now.st_mode & 07777) != 0700 || now.st_uid != ::geteuid()) return false;
  std::error_code failed;
  return fs::is_empty(path_, failed) && !failed;
}

std::unique_ptr<ScratchDirectory> ScratchPool::take() {
  if (idle_.empty()) return std::make_unique<ScratchDirectory>();
  std::unique_ptr<ScratchDirectory> directory = std::move(idle_.back());
  idle_.pop_back();
  return directory;
}

void ScratchPool::give_back(std::unique_ptr<ScratchDirectory> directory) {
  if (directory->untouched()) idle_.push_back(std::move(directory));
}

ScratchDirectory::~ScratchDirectory() {
  // Most scripts leave nothing there; the kernel refuses when something is mounted.
  if (::rmdir(path_.c_str()) == 0) return;
  const auto mounts = mounts_below(path_);
  for (const std::string& point : mounts | std::views::reverse) {
    ::umount2(point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
  if (!mounts_below(path_).empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace rtfx::runner
