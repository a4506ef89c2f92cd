// SPDX-License-Identifier: Apache-2.0
//
// What reads one repository. There are two: libgit2, fast and without a process, and the git program, for the formats
// that libgit2 does not know.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "harness/git/git.hpp"

namespace rtfx::git {

/// The repository is in a format that libgit2 does not know; the git program may.
class UnsupportedRepository : public Error {
 public:
  using Error::Error;
};

/// Where the work tree is not what HEAD is. Paths are relative to the root.
struct Differences {
  std::vector<std::string> changed;    ///< in HEAD or in the index, and otherwise in the work tree
  std::vector<std::string> untracked;  ///< sorted; another repository ends in '/'
};

/// An entry of the index; a path with conflicts has several.
struct Tracked {
  std::string path;
  bool repository = false;  ///< a submodule
  std::string id;           ///< of the blob, or the submodule's commit
  /// Git was told not to look at the file (assume-unchanged, skip-worktree), so that it never shows
  /// up as changed.
  bool unwatched = false;
};

/// Paths are relative to the root of the work tree, without '/' at the end; "" is the root. All
/// throw Error, and UnsupportedRepository where a repository is not for this reader.
class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;

  virtual const std::filesystem::path& root() const = 0;
  /// What ".git" is, or points to; links resolved.
  virtual std::filesystem::path git_directory() const = 0;
  /// nullopt when the commit has no such directory.
  virtual std::optional<std::string> tree_hash(const std::string& path,
                                               const std::string& commit) = 0;
  /// What `git diff HEAD` and `git ls-files --others --exclude-standard` find below a path.
  virtual Differences differences(const std::string& path) = 0;
  /// In the order of `git ls-files`.
  virtual std::vector<Tracked> tracked(const std::string& path) = 0;
  /// The blob that git would make of a file or link of the work tree.
  virtual std::string blob_id(const std::string& path) = 0;
  /// core.quotePath: whether git prints names with bytes above 127 in quotes.
  virtual bool quotes_high_bytes() = 0;
  virtual std::optional<Commit> head() = 0;
  /// Repository::last_change.
  virtual std::optional<Commit> last_change(const std::vector<std::string>& paths) = 0;
  virtual std::vector<NamedCommit> tags() = 0;
  virtual bool head_descends_from(const std::string& commit) = 0;
};

/// Repository::changes.
std::vector<Change> find_changes(Reader& reader, const std::string& path);

/// nullptr when `path` is in no repository. Throws UnsupportedRepository.
std::unique_ptr<Reader> open_with_libgit2(const std::filesystem::path& path);
/// The path must be in a repository.
std::unique_ptr<Reader> open_with_program(const std::filesystem::path& path);

/// Those of the changed files below a path that git itself finds changed; for files that only the
/// git program can compare, because it has a program filter them.
std::set<std::string> changed_for_program(const std::filesystem::path& root,
                                          const std::string& path);

/// The nearest directory at or above `path` (links resolved) that has a ".git", as git looks for
/// it: not beyond the file system or $GIT_CEILING_DIRECTORIES.
std::optional<std::filesystem::path> nearest_dot_git(const std::filesystem::path& path);

}  // namespace rtfx::git
