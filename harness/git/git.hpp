// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace rtfx::git {

/// A git work tree, read through libgit2. Repositories that other users own are accepted.
class Repository {
 public:
  /// The repository that `path` lies in; nullopt when it is in none (or in a bare one).
  static std::optional<Repository> discover(const std::filesystem::path& path);
  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  ~Repository();

  /// The root of the work tree, absolute.
  std::filesystem::path root() const;
  /// Tree hash (40 hex) of a directory at a commit-ish; for the root the commit's tree.
  /// Throws Error: "package PATH is not in git", or an unknown commit.
  std::string tree_hash(const std::filesystem::path& directory, const std::string& commit) const;
  /// Differs from HEAD below `directory`: staged, unstaged, deleted, mode change, or untracked and
  /// not ignored.
  bool dirty(const std::filesystem::path& directory) const;
  /// SHA-256 hex over what git sees below `directory` in the work tree, as linuxkit computes it
  /// (reference: contents of tracked files in index order, then of untracked ones that are not
  /// ignored; names and modes do not count).
  std::string content_hash(const std::filesystem::path& directory) const;
  /// Full hex of the commit; nullopt in a repository without commits.
  std::optional<std::string> head_commit() const;
  /// Committer time of HEAD, seconds since the epoch; 0 without commits.
  std::int64_t head_time() const;

 private:
  struct State;
  explicit Repository(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rtfx::git
