// SPDX-License-Identifier: Apache-2.0
//
// All that a build could get from the work tree and that HEAD does not have. Git itself is content with less: see
// Repository::dirty.
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "harness/git/reader.hpp"

namespace rtfx::git {

namespace {

constexpr const char* repository_mode = "160000";

/// What the work tree has under a path.
Change look_at(const fs::path& root, const std::string& path) {
  const fs::path file = root / path;
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) return {path, "", ""};
  if (S_ISLNK(status.st_mode))
    return {path, "120000", Digest::of(fs::read_symlink(file).string()).hex()};
  // A directory in the place of a file shows up by what is in it.
  if (!S_ISREG(status.st_mode)) return {path, "", ""};
  return {path, (status.st_mode & S_IXUSR) != 0 ? "100755" : "100644", Digest::of_file(file).hex()};
}

/// The repository whose work tree is at `path`.
std::optional<Repository> repository_at(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path / ".git", error))) return std::nullopt;
  return Repository::discover(path);
}

void add_nested(std::vector<Change>& changes, const std::string& path,
                const Repository& repository) {
  for (Change& change : repository.changes(repository.root())) {
    change.path = path + "/" + change.path;
    changes.push_back(std::move(change));
  }
}

}  // namespace

std::vector<Change> find_changes(Reader& reader, const std::string& path) {
  const fs::path& root = reader.root();
  const Differences found = reader.differences(path);
  std::set<std::string> paths(found.changed.begin(), found.changed.end());
  std::vector<Change> changes;
  for (std::string name : found.untracked) {
    if (name.ends_with('/')) name.pop_back();
    paths.insert(std::move(name));
  }
  for (const Tracked& tracked : reader.tracked(path)) {
    const bool changed = paths.contains(tracked.path);
    if (tracked.repository) {
      const auto module = repository_at(root / tracked.path);
      const std::string commit = module ? module->head_commit().value_or("") : "";
      if (changed || commit != tracked.id)
        changes.push_back({tracked.path, repository_mode, commit});
      if (module) add_nested(changes, tracked.path, *module);
      paths.erase(tracked.path);
    } else if (tracked.unwatched && !changed) {
      const Change now = look_at(root, tracked.path);
      if (now.mode.empty() || reader.blob_id(tracked.path) != tracked.id) changes.push_back(now);
    }
  }
  for (const std::string& name : paths) {
    const auto nested = repository_at(root / name);
    if (nested) {
      changes.push_back({name, repository_mode, nested->head_commit().value_or("")});
      add_nested(changes, name, *nested);
    } else {
      changes.push_back(look_at(root, name));
    }
  }
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.path < b.path; });
  return changes;
}

}  // namespace rtfx::git
