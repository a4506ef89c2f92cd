// SPDX-License-Identifier: Apache-2.0
//
// Where the work tree is not what HEAD is, as git sees it. libgit2's own status is near that, but not the same: each
// difference that is known is treated here, and tests compare with git.
#include <algorithm>

#include "harness/git/libgit2_reader.hpp"

namespace rtfx::git {

StatusPtr Libgit2Reader::status(const std::string& path) const {
  index();  // so that an index that cannot be read is told as such
  const std::string doing = "comparing " + (root_ / path).string() + " with HEAD";
  git_status_options options{};
  check(git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION), doing);
  options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
  options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                  GIT_STATUS_OPT_INCLUDE_IGNORED | GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH |
                  GIT_STATUS_OPT_NO_REFRESH;
  std::string prefix = path;
  char* paths[] = {prefix.data()};
  if (!prefix.empty()) options.pathspec = {paths, 1};
  git_status_list* list = nullptr;
  check(git_status_list_new(&list, repository(), &options), doing);
  return StatusPtr(list);
}

constexpr unsigned in_index = GIT_STATUS_INDEX_NEW | GIT_STATUS_INDEX_MODIFIED |
                              GIT_STATUS_INDEX_DELETED | GIT_STATUS_INDEX_TYPECHANGE;
constexpr unsigned in_work_tree =
    GIT_STATUS_WT_MODIFIED | GIT_STATUS_WT_DELETED | GIT_STATUS_WT_TYPECHANGE;

Differences Libgit2Reader::differences(const std::string& path) {
  Differences result;
  const StatusPtr list = status(path);
  std::vector<std::string> filtered;
  for (std::size_t i = 0; i < git_status_list_entrycount(list.get()); ++i) {
    const git_status_entry& entry = *git_status_byindex(list.get(), i);
    if ((entry.status & GIT_STATUS_WT_NEW) != 0 || is_untracked_repository(entry))
      result.untracked.emplace_back(entry.index_to_workdir->new_file.path);
    if ((entry.status & (in_index | in_work_tree | GIT_STATUS_CONFLICTED)) == 0) continue;
    const git_diff_delta* delta =
        entry.index_to_workdir != nullptr ? entry.index_to_workdir : entry.head_to_index;
    std::string name =
        delta->old_file.path != nullptr ? delta->old_file.path : delta->new_file.path;
    if (!really_changed(entry)) continue;
    if ((entry.status & GIT_STATUS_WT_MODIFIED) != 0 && is_filtered(name.c_str())) {
      filtered.push_back(std::move(name));
    } else {
      result.changed.push_back(std::move(name));
    }
  }
  if (!filtered.empty()) {
    const std::set<std::string> changed = changed_for_program(root_, path);
    for (std::string& name : filtered) {
      if (changed.contains(name)) result.changed.push_back(std::move(name));
    }
  }
  // A submodule that is gone altogether is a deletion for git.
  for (const Tracked& tracked : tracked(path)) {
    std::error_code error;
    if (tracked.repository && !fs::exists(fs::symlink_status(root_ / tracked.path, error)))
      result.changed.push_back(tracked.path);
  }
  std::sort(result.changed.begin(), result.changed.end());
  result.changed.erase(std::unique(result.changed.begin(), result.changed.end()),
                       result.changed.end());
  std::sort(result.untracked.begin(), result.untracked.end());
  return result;
}

/// libgit2 compares HEAD with the index and the index with the work tree; a change that is staged
/// and undone in the work tree, dirt in submodules, and files that a sparse checkout leaves out need
/// a closer look.
bool Libgit2Reader::really_changed(const git_status_entry& entry) {
  if ((entry.status & GIT_STATUS_CONFLICTED) != 0) return true;
  if (entry.status == GIT_STATUS_WT_MODIFIED &&
      entry.index_to_workdir->old_file.mode == GIT_FILEMODE_COMMIT)
    return submodule_changed(entry.index_to_workdir->old_file.path);
  if (entry.status == GIT_STATUS_WT_DELETED)
    return !is_left_out(entry.index_to_workdir->old_file.path);
  if ((entry.status & in_index) == 0 || (entry.status & in_work_tree) == 0) return true;
  if ((entry.status & GIT_STATUS_WT_DELETED) != 0)
    return (entry.status & GIT_STATUS_INDEX_NEW) == 0;
  const git_diff_file& head = entry.head_to_index->old_file;
  const git_diff_file& work = entry.index_to_workdir->new_file;
  return head.mode != work.mode || hex(head.id) != blob_id(work.path);
}

/// libgit2 counts another repository that is no submodule among what is ignored.
bool Libgit2Reader::is_untracked_repository(const git_status_entry& entry) const {
  if (entry.status != GIT_STATUS_IGNORED) return false;
  const char* path = entry.index_to_workdir->new_file.path;
  std::error_code error;
  if (!fs::exists(fs::symlink_status(root_ / path / ".git", error))) return false;
  int ignored = 0;
  check(git_ignore_path_is_ignored(&ignored, repository(), path),
        "reading what git ignores in " + root_.string());
  return ignored == 0;
}

bool Libgit2Reader::is_left_out(const char* path) const {
  const IndexPtr index = this->index();
  const git_index_entry* entry = git_index_get_bypath(index.get(), path, 0);
  return entry != nullptr && (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
}

/// As `git diff` has it: another commit, or changed files; untracked ones do not count.
bool Libgit2Reader::submodule_changed(const std::string& path) {
  const std::unique_ptr<Reader> module = open_with_libgit2(root_ / path);
  if (module == nullptr || module->root() != fs::weakly_canonical(root_ / path)) return false;
  const auto head = module->head();
  const std::vector<Tracked> entries = tracked(path);
  const bool same = !entries.empty() && head && head->id == entries.front().id;
  return !same || !module->differences("").changed.empty();
}

/// Whether git would have a program, or iconv, change the content of a file on its way in: libgit2
/// does not, and finds it changed.
bool Libgit2Reader::is_filtered(const char* path) const {
  const auto attribute = [&](const char* name) -> std::string {
    const char* value = nullptr;
    const std::string doing = "reading the git attributes of " + (root_ / path).string();
    check(git_attr_get(&value, repository(), GIT_ATTR_CHECK_FILE_THEN_INDEX, path, name), doing);
    return git_attr_value(value) == GIT_ATTR_VALUE_STRING ? value : "";
  };
  if (!attribute("working-tree-encoding").empty()) return true;
  const std::string filter = attribute("filter");
  return !filter.empty() &&
         (configured("filter." + filter + ".clean") || configured("filter." + filter + ".process"));
}

}  // namespace rtfx::git
