// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rtfx::git {

/// A path that is in the work tree otherwise than in HEAD.
struct Change {
  std::string path;  ///< relative to the root of the work tree, as its bytes are
  /// "100644", "100755", "120000" (a link), "160000" (another repository: a submodule); "" when it
  /// is gone.
  std::string mode;
  /// SHA-256 hex of a file's content or of a link's target; for another repository its commit, "" when it has none (what
  /// differs from that commit are Changes of their own).
  std::string content;
};

/// A commit and its committer time, seconds since the epoch.
struct Commit {
  std::string id;  ///< full hex
  std::int64_t time = 0;
};

/// A tag of git that names a commit.
struct NamedCommit {
  std::string name;  ///< without refs/tags/
  std::string commit;
};

class Reader;

/// A git work tree. libgit2 reads it; repositories that libgit2 cannot read (sha256, partial clones, sparse checkouts)
/// are read by the git program. Repositories that other users own are accepted where libgit2 reads them, for it runs
/// nothing that their configuration names; the program has its own opinion (safe.directory). $GIT_DIR and its kin are
/// ignored: a directory says itself which repository it is in; $GIT_CEILING_DIRECTORIES counts.
class Repository {
 public:
  /// The repository that `path` lies in; nullopt when it is in none. Throws Error when there is one that cannot be
  /// read, or one without a work tree.
  static std::optional<Repository> discover(const std::filesystem::path& path);
  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  ~Repository();

  /// The root of the work tree, absolute, links resolved.
  std::filesystem::path root() const;
  /// Hash (40 hex, 64 in a sha256 repository) of a directory's tree at a commit-ish; for the root the commit's tree.
  /// Throws Error: "package PATH is not in git", or an unknown commit.
  std::string tree_hash(const std::filesystem::path& directory, const std::string& commit) const;
  /// What git calls a difference to HEAD below `directory`: content, mode, link target, deletion, or a file that is
  /// neither tracked nor ignored. A change that is only staged, and undone in the work tree, is none.
  bool dirty(const std::filesystem::path& directory) const;
  /// All that differs below `directory`, sorted by path; beyond what dirty() sees, submodules that are not checked out
  /// or have untracked files, and files that git was told not to look at (assume-unchanged, sparse checkouts).
  std::vector<Change> changes(const std::filesystem::path& directory) const;
  /// Whether changes() may see what dirty() does not: there are submodules, or files that git was told not to look at.
  bool has_blind_spots(const std::filesystem::path& directory) const;
  /// SHA-256 hex over the work tree below `directory` as linuxkit computes it: contents of tracked files in index order,
  /// then of untracked ones that are not ignored. Names, modes and links do not count, nor do files whose names git
  /// prints in quotes (linuxkit, pkglib/git.go).
  std::string content_hash(const std::filesystem::path& directory) const;
  /// Full hex of the commit; nullopt in a repository without commits.
  std::optional<std::string> head_commit() const;
  /// Committer time of HEAD, seconds since the epoch; 0 without commits.
  std::int64_t head_time() const;
  /// The newest commit on HEAD's line of first parents that changed one of these directories (`git log --first-parent
  /// -1 -- DIRECTORY...`). In a shallow clone the line ends with what was cloned. nullopt without commits.
  std::optional<Commit> last_change(const std::vector<std::filesystem::path>& directories) const;
  /// Every tag that names a commit, annotated or not, sorted by name.
  std::vector<NamedCommit> tags() const;
  /// Whether the commit is HEAD or one that HEAD descends from.
  bool head_descends_from(const std::string& commit) const;

 private:
  explicit Repository(std::unique_ptr<Reader> reader);
  /// `question` put to the reader; the git program takes over when libgit2 finds that it cannot read the repository.
  template <typename Question>
  auto ask(const Question& question) const;
  mutable std::unique_ptr<Reader> reader_;
};

/// Repositories, each opened once. Not for several threads at once.
class Repositories {
 public:
  /// The repository that the directory lies in, as Repository::discover finds it; null when it is in none. It lives as
  /// long as this object.
  Repository* of(const std::filesystem::path& directory);

 private:
  std::map<std::filesystem::path, std::unique_ptr<Repository>> by_root_;
};

}  // namespace rtfx::git
