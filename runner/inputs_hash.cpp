// SPDX-License-Identifier: Apache-2.0
#include "runner/inputs_hash.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/error.hpp"

namespace rtfx::runner {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> sorted_entries(const fs::path& directory) {
  std::error_code failed;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed))
    entries.push_back(it->path());
  if (failed) throw system_error("reading " + directory.string(), failed.value());
  std::sort(entries.begin(), entries.end());
  return entries;
}

struct stat status_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw system_error("reading " + path.string(), errno);
  return status;
}

}  // namespace

const std::string& FileDigests::of(const fs::path& file) {
  const auto [found, is_new] = known_.try_emplace(file);
  if (is_new) found->second = Digest::of_file(file).hex();
  return found->second;
}

void InputHash::add(std::string_view text) {
  hasher_.update(std::to_string(text.size()) + ":");
  hasher_.update(text);
}

void InputHash::add_tree(const fs::path& path, const std::string& name) {
  add_entry(path, name, 0);
}

/// A link may lead to a folder that it is in: so many links below each other, and no more, are
/// followed.
void InputHash::add_entry(const fs::path& path, const std::string& name, int links) {
  constexpr int most_links = 4;
  const struct stat status = status_of(path);
  add(name);
  add(std::to_string(status.st_mode & (S_IFMT | 07777)));
  if (S_ISLNK(status.st_mode)) {
    add(fs::read_symlink(path).string());
    std::error_code dangling;
    const fs::path target = fs::canonical(path, dangling);
    if (!dangling && links < most_links) add_entry(target, name, links + 1);
  } else if (S_ISDIR(status.st_mode)) {
    const std::vector<fs::path> entries = sorted_entries(path);
    add(std::to_string(entries.size()));
    for (const fs::path& entry : entries)
      add_entry(entry, name + "/" + entry.filename().string(), links);
  } else if (S_ISREG(status.st_mode)) {
    add(files_.of(path));
  }
}

}  // namespace rtfx::runner
