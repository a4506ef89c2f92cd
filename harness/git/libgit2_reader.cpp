// SPDX-License-Identifier: Apache-2.0
#include <git2.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <queue>
#include <unordered_set>

#include "base/files.hpp"
#include "harness/git/reader.hpp"

namespace rtfx::git {

namespace {

/// Initialises libgit2 once. Ownership of work trees is not checked: in containers and CI the tree
/// is often another user's, and nothing of a repository's configuration is ever executed here
/// (anchors: libgit2, GIT_EOWNER).
void initialise() {
  static std::once_flag once;
  std::call_once(once, [] {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  });
}

std::string last_message() {
  const git_error* last = git_error_last();
  return last != nullptr && last->message != nullptr ? last->message : "unknown error";
}

void check(int result, const std::string& doing) {
  if (result >= 0) return;
  const std::string why = last_message();
  // "unsupported extension name extensions.objectformat", "unsupported mandatory extension: 'sdir'"
  // (of the index), "unsupported repository version"
  if (why.find("unsupported") != std::string::npos) throw UnsupportedRepository(doing + ": " + why);
  const bool lacks_object = why.find("no match for id") != std::string::npos;
  throw Error(doing + ": " + why +
              (lacks_object ? "; objects are missing, git fsck tells which" : ""));
}

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

std::string hex(const git_oid& oid) {
  char text[GIT_OID_HEXSZ + 1];
  git_oid_tostr(text, sizeof text, &oid);
  return text;
}

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
  std::optional<Head> head() override;
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

std::optional<std::string> Libgit2Reader::configured(const std::string& key) const {
  git_config* raw = nullptr;
  check(git_repository_config_snapshot(&raw, repository()),
        "reading the git configuration of " + root_.string());
  const ConfigPtr config(raw);
  const char* value = nullptr;
  if (git_config_get_string(&value, config.get(), key.c_str()) < 0) return std::nullopt;
  return value;
}

bool Libgit2Reader::quotes_high_bytes() {
  const auto value = configured("core.quotepath");
  if (!value) return true;
  int result = 1;
  check(git_config_parse_bool(&result, value->c_str()), root_.string() + ": core.quotePath");
  return result != 0;
}

std::optional<git_oid> Libgit2Reader::head_oid() const {
  git_oid oid;
  const int result = git_reference_name_to_id(&oid, repository(), "HEAD");
  if (result == GIT_ENOTFOUND) return std::nullopt;
  check(result, "reading HEAD of " + root_.string());
  return oid;
}

std::optional<Head> Libgit2Reader::head() {
  const auto oid = head_oid();
  if (!oid) return std::nullopt;
  git_commit* raw = nullptr;
  check(git_commit_lookup(&raw, repository(), &*oid), "reading HEAD of " + root_.string());
  const CommitPtr commit(raw);
  return Head{hex(*oid), git_commit_time(commit.get())};
}

std::optional<std::string> Libgit2Reader::tree_hash(const std::string& path,
                                                    const std::string& commit) {
  if (commit == "HEAD" && !head_oid())
    throw Error(root_.string() + " has no commits yet; commit the package first");
  git_object* raw = nullptr;
  const int found = git_revparse_single(&raw, repository(), commit.c_str());
  if (found < 0)
    throw Error(commit == "HEAD" ? "reading HEAD of " + root_.string() + ": " + last_message()
                                 : root_.string() + " has no commit " + commit);
  const ObjectPtr object(raw);
  git_object* peeled = nullptr;
  check(git_object_peel(&peeled, object.get(), GIT_OBJECT_TREE),
        root_.string() + ": " + commit + " is no commit that can be read");
  const ObjectPtr tree(peeled);
  if (path.empty()) return hex(*git_object_id(tree.get()));

  git_tree_entry* entry_raw = nullptr;
  const int result =
      git_tree_entry_bypath(&entry_raw, reinterpret_cast<git_tree*>(tree.get()), path.c_str());
  const EntryPtr entry(entry_raw);
  if (result == GIT_ENOTFOUND) {
    // "the path 'x' does not exist in the given tree", or "object not found - no match for id"
    if (last_message().find("object not found") == std::string::npos) return std::nullopt;
    check(result, "reading " + (root_ / path).string() + " at " + commit);
  }
  check(result, "reading " + (root_ / path).string() + " at " + commit);
  if (git_tree_entry_type(entry.get()) != GIT_OBJECT_TREE) return std::nullopt;
  return hex(*git_tree_entry_id(entry.get()));
}

IndexPtr Libgit2Reader::index() const {
  const std::string doing =
      "reading the index of " + root_.string() + " (git reset makes a damaged one anew)";
  git_index* raw = nullptr;
  check(git_repository_index(&raw, repository()), doing);
  IndexPtr index(raw);
  check(git_index_read(index.get(), 0), doing);
  return index;
}

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
  const bool same = !entries.empty() && head && head->commit == entries.front().id;
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

std::vector<Tracked> Libgit2Reader::tracked(const std::string& path) {
  std::vector<Tracked> result;
  const IndexPtr index = this->index();
  std::size_t at = 0;
  if (!path.empty() && git_index_find_prefix(&at, index.get(), path.c_str()) < 0) return result;
  for (; at < git_index_entrycount(index.get()); ++at) {
    const git_index_entry* entry = git_index_get_byindex(index.get(), at);
    const std::string_view name = entry->path;
    if (!name.starts_with(path)) break;
    if (!path.empty() && name.size() > path.size() && name[path.size()] != '/') continue;
    const bool unwatched = (entry->flags & GIT_INDEX_ENTRY_VALID) != 0 ||
                           (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
    result.push_back(
        {std::string(name), entry->mode == GIT_FILEMODE_COMMIT, hex(entry->id), unwatched});
  }
  return result;
}

std::string Libgit2Reader::blob_id(const std::string& path) {
  const fs::path file = root_ / path;
  const std::string doing = "reading " + file.string();
  git_oid oid;
  std::error_code error;
  if (fs::is_symlink(file, error)) {
    const std::string target = fs::read_symlink(file).string();
    check(git_odb_hash(&oid, target.data(), target.size(), GIT_OBJECT_BLOB), doing);
  } else {
    check(git_repository_hashfile(&oid, repository(), file.c_str(), GIT_OBJECT_BLOB, path.c_str()),
          doing);
  }
  return hex(oid);
}

std::vector<NamedCommit> Libgit2Reader::tags() {
  std::vector<NamedCommit> result;
  git_strarray names{};
  check(git_tag_list(&names, repository()), "reading the tags of " + root_.string());
  for (std::size_t i = 0; i < names.count; ++i) {
    const std::string name = names.strings[i];
    git_reference* raw = nullptr;
    if (git_reference_lookup(&raw, repository(), ("refs/tags/" + name).c_str()) < 0) continue;
    const Owned<git_reference, git_reference_free> reference(raw);
    git_object* peeled = nullptr;
    if (git_reference_peel(&peeled, reference.get(), GIT_OBJECT_COMMIT) < 0) continue;
    const ObjectPtr commit(peeled);
    result.push_back({name, hex(*git_object_id(commit.get()))});
  }
  git_strarray_dispose(&names);
  return result;
}

bool Libgit2Reader::head_descends_from(const std::string& commit) {
  const auto head = head_oid();
  if (!head) return false;
  if (walked_head_ != hex(*head)) {
    walked_head_ = hex(*head);
    ancestors_ = {walked_head_};
    frontier_ = {};
    frontier_.push(*head);
    shallow_.clear();
    std::ifstream in(fs::path(git_repository_commondir(repository())) / "shallow");
    for (std::string line; std::getline(in, line);) shallow_.insert(line);
  }
  while (!ancestors_.contains(commit) && !frontier_.empty()) {
    const git_oid next = frontier_.front();
    frontier_.pop();
    // The history of a shallow clone ends here.
    if (shallow_.contains(hex(next))) continue;
    git_commit* raw = nullptr;
    check(git_commit_lookup(&raw, repository(), &next), "reading the history of " + root_.string());
    const CommitPtr read(raw);
    for (unsigned i = 0; i < git_commit_parentcount(read.get()); ++i) {
      const git_oid* parent = git_commit_parent_id(read.get(), i);
      if (ancestors_.insert(hex(*parent)).second) frontier_.push(*parent);
    }
  }
  return ancestors_.contains(commit);
}

}  // namespace

std::unique_ptr<Reader> open_with_libgit2(const fs::path& path) {
  initialise();
  git_repository* raw = nullptr;
  const std::string ceilings = environment("GIT_CEILING_DIRECTORIES");
  const int result =
      git_repository_open_ext(&raw, path.c_str(), 0, ceilings.empty() ? nullptr : ceilings.c_str());
  if (result == GIT_ENOTFOUND) return nullptr;
  check(result, "opening the git repository of " + path.string());
  RepositoryPtr repository(raw);
  if (git_repository_workdir(raw) == nullptr)
    throw Error(path.string() + " is in the bare git repository " +
                fs::path(git_repository_path(raw)).string() + ", which has no work tree");
  return std::make_unique<Libgit2Reader>(std::move(repository));
}

}  // namespace rtfx::git
