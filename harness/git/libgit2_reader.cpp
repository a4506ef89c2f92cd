// SPDX-License-Identifier: Apache-2.0
#include "harness/git/libgit2_reader.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>

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

}  // namespace

std::string last_message() {
  const git_error* last = git_error_last();
  return last != nullptr && last->message != nullptr ? last->message : "unknown error";
}

void check(int result, const std::string& doing) {
  if (result >= 0) return;
  const std::string why = last_message();
  // "unsupported extension name extensions.objectformat", "unsupported mandatory extension: 'sdir'"
  // (of the index), "unsupported repository version"
  // libgit2 1.9: "unknown object format 'sha256'"
  if (why.find("unsupported") != std::string::npos ||
      why.find("unknown object format") != std::string::npos)
    throw UnsupportedRepository(doing + ": " + why);
  const bool lacks_object = why.find("no match for id") != std::string::npos;
  throw Error(doing + ": " + why +
              (lacks_object ? "; objects are missing, git fsck tells which" : ""));
}

std::string hex(const git_oid& oid) {
  char text[GIT_OID_HEXSZ + 1];
  git_oid_tostr(text, sizeof text, &oid);
  return text;
}

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

std::optional<Commit> Libgit2Reader::head() {
  const auto oid = head_oid();
  if (!oid) return std::nullopt;
  git_commit* raw = nullptr;
  check(git_commit_lookup(&raw, repository(), &*oid), "reading HEAD of " + root_.string());
  const CommitPtr commit(raw);
  return Commit{hex(*oid), git_commit_time(commit.get())};
}

namespace {

/// What a commit has at each of the paths; "" where it has nothing.
std::vector<std::string> entries_of(const git_commit* commit, const std::vector<std::string>& paths,
                                    const std::string& doing) {
  git_tree* raw = nullptr;
  check(git_commit_tree(&raw, commit), doing);
  const std::unique_ptr<git_tree, void (*)(git_tree*)> tree(raw, git_tree_free);
  std::vector<std::string> ids;
  for (const std::string& path : paths) {
    git_tree_entry* entry_raw = nullptr;
    if (path.empty()) {
      ids.push_back(hex(*git_tree_id(tree.get())));
    } else if (git_tree_entry_bypath(&entry_raw, tree.get(), path.c_str()) != 0) {
      ids.emplace_back();
    } else {
      const EntryPtr entry(entry_raw);
      ids.push_back(hex(*git_tree_entry_id(entry.get())));
    }
  }
  return ids;
}

}  // namespace

std::optional<Commit> Libgit2Reader::last_change(const std::vector<std::string>& paths) {
  const auto oid = head_oid();
  if (!oid) return std::nullopt;
  const std::string doing = "reading the history of " + root_.string();
  git_commit* raw = nullptr;
  check(git_commit_lookup(&raw, repository(), &*oid), doing);
  CommitPtr commit(raw);
  const std::vector<std::string> now = entries_of(commit.get(), paths, doing);
  while (git_commit_parentcount(commit.get()) > 0) {
    // Where a shallow clone ends, a parent has an id and is not there.
    if (git_commit_parent(&raw, commit.get(), 0) != 0) break;
    CommitPtr parent(raw);
    if (entries_of(parent.get(), paths, doing) != now) break;
    commit = std::move(parent);
  }
  return Commit{hex(*git_commit_id(commit.get())), git_commit_time(commit.get())};
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
