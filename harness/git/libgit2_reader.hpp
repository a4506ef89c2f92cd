// SPDX-License-Identifier: Apache-2.0
//
// For the files libgit2_*.cpp alone: includes libgit2's own header.
#pragma once

#include <git2.h>

#include <memory>
#include <queue>
#include <string>
#include <unordered_set>

#include "base/files.hpp"
#include "harness/git/reader.hpp"

namespace rtfx::git {

template <typename T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* pointer) const { Free(pointer); }
};
template <typename T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Deleter<T, Free>>;
using RepositoryPtr = Owned<git_repository, git_repository_free>;
using ObjectPtr = Owned<git_object, git_object_free>;
using EntryPtr = Owned<git_tree_entry, git_tree_entry_free>;
using IndexPtr = Owned<git_index, git_index_free>;
using StatusPtr = Owned<git_status_list, git_status_list_free>;
using CommitPtr = Owned<git_commit, git_commit_free>;
using ConfigPtr = Owned<git_config, git_config_free>;

/// The message of libgit2's last failure on this thread.
std::string last_message();
/// Throws Error "DOING: why" for a negative result, UnsupportedRepository for a format that libgit2 does not know.
void check(int result, const std::string& doing);
std::string hex(const git_oid& oid);

class Libgit2Reader : public Reader {
 public:
  explicit Libgit2Reader(RepositoryPtr repository) : repository_(std::move(repository)) {
    root_ = fs::path(git_repository_workdir(repository_.get())).lexically_normal();
    if (!root_.has_filename()) root_ = root_.parent_path();
  }

  const fs::path& root() const override { return root_; }
  fs::path git_directory() const override {
    return fs::canonical(git_repository_path(repository_.get()));
  }
  std::optional<std::string> tree_hash(const std::string& path, const std::string& commit) override;
  Differences differences(const std::string& path) override;
  std::vector<Tracked> tracked(const std::string& path) override;
  std::string blob_id(const std::string& path) override;
  bool quotes_high_bytes() override;
  std::optional<Commit> head() override;
  std::optional<Commit> last_change(const std::vector<std::string>& paths) override;
  std::vector<NamedCommit> tags() override;
  bool head_descends_from(const std::string& commit) override;

 private:
  git_repository* repository() const { return repository_.get(); }
  std::optional<git_oid> head_oid() const;
  IndexPtr index() const;
  StatusPtr status(const std::string& path) const;
  bool really_changed(const git_status_entry& entry);
  bool submodule_changed(const std::string& path);
  bool is_untracked_repository(const git_status_entry& entry) const;
  bool is_left_out(const char* path) const;
  bool is_filtered(const char* path) const;
  std::optional<std::string> configured(const std::string& key) const;

  RepositoryPtr repository_;
  fs::path root_;
  // The ancestors of HEAD that were seen so far, and those whose parents were not looked at yet.
  std::string walked_head_;
  std::unordered_set<std::string> ancestors_;
  std::queue<git_oid> frontier_;
  std::unordered_set<std::string> shallow_;
};

}  // namespace rtfx::git
