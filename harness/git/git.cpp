// SPDX-License-Identifier: Apache-2.0
#include "harness/git/git.hpp"

#include <git2.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <vector>

#include "base/digest.hpp"
#include "base/error.hpp"

namespace rtfx::git {

namespace fs = std::filesystem;

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

Error last_error(const std::string& doing) {
  const git_error* last = git_error_last();
  const std::string why =
      last != nullptr && last->message != nullptr ? last->message : "unknown error";
  return Error(doing + ": " + why);
}

void check(int result, const std::string& doing) {
  if (result < 0) throw last_error(doing);
}

template <typename T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* pointer) const { Free(pointer); }
};
using ObjectPtr = std::unique_ptr<git_object, Deleter<git_object, git_object_free>>;
using TreePtr = std::unique_ptr<git_tree, Deleter<git_tree, git_tree_free>>;
using EntryPtr = std::unique_ptr<git_tree_entry, Deleter<git_tree_entry, git_tree_entry_free>>;
using IndexPtr = std::unique_ptr<git_index, Deleter<git_index, git_index_free>>;
using StatusPtr = std::unique_ptr<git_status_list, Deleter<git_status_list, git_status_list_free>>;
using CommitPtr = std::unique_ptr<git_commit, Deleter<git_commit, git_commit_free>>;

std::string hex(const git_oid& oid) {
  char text[65];
  git_oid_tostr(text, sizeof text, &oid);
  return text;
}

/// Symlinks in the way to the repository are resolved, those inside it are not: git names a path
/// inside as it is written.
fs::path inside(const fs::path& root, const fs::path& directory) {
  const fs::path absolute = fs::absolute(directory).lexically_normal();
  fs::path relative = absolute.lexically_relative(root);
  if (relative.empty() || *relative.begin() == "..")
    relative = fs::weakly_canonical(absolute).lexically_relative(root);
  if (relative.empty() || *relative.begin() == "..")
    throw Error(directory.string() + " is not inside the git work tree " + root.string());
  std::string text = relative.generic_string();
  while (!text.empty() && text.back() == '/') text.pop_back();
  return text == "." ? fs::path{} : fs::path{text};
}

/// sha256 repositories give 64-digit names, which this libgit2 cannot read: say so instead of
/// "unsupported extension".
void refuse_sha256(const fs::path& path) {
  for (fs::path dir = fs::absolute(path).lexically_normal();; dir = dir.parent_path()) {
    std::ifstream config(dir / ".git" / "config");
    for (std::string line; config && std::getline(config, line);) {
      std::transform(line.begin(), line.end(), line.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (line.find("objectformat") != std::string::npos &&
          line.find("sha256") != std::string::npos)
        throw Error(dir.string() +
                    " is a sha256 git repository; only sha1 repositories are supported");
    }
    if (fs::exists(dir / ".git") || dir == dir.parent_path()) return;
  }
}

/// Tracked files and, apart, untracked ones that are not ignored, below a prefix.
struct Files {
  std::vector<std::string> tracked, untracked;
};

}  // namespace

struct Repository::State {
  git_repository* repository = nullptr;
  fs::path root;
  ~State() { git_repository_free(repository); }

  /// The status of everything that differs below `prefix`.
  StatusPtr status(const std::string& prefix) const {
    git_status_options options{};
    check(git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION),
          "reading the state of " + root.string());
    options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                    GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
    std::string path = prefix;
    char* paths[] = {path.data()};
    if (!prefix.empty()) options.pathspec = {paths, 1};
    git_status_list* list = nullptr;
    check(git_status_list_new(&list, repository, &options),
          "reading the state of " + (root / prefix).string());
    return StatusPtr(list);
  }

  Files files(const std::string& prefix) const {
    Files result;
    git_index* raw = nullptr;
    check(git_repository_index(&raw, repository), "reading the index of " + root.string());
    const IndexPtr index(raw);
    check(git_index_read(index.get(), 0), "reading the index of " + root.string());
    const std::string start = prefix.empty() ? "" : prefix + "/";
    for (std::size_t i = 0; i < git_index_entrycount(index.get()); ++i) {
      const std::string path = git_index_get_byindex(index.get(), i)->path;
      // A path with conflicts has up to three entries; `git ls-files` names it once.
      if (path.starts_with(start) && (result.tracked.empty() || result.tracked.back() != path))
        result.tracked.push_back(path);
    }
    const StatusPtr list = status(prefix);
    for (std::size_t i = 0; i < git_status_list_entrycount(list.get()); ++i) {
      const git_status_entry* entry = git_status_byindex(list.get(), i);
      if ((entry->status & GIT_STATUS_WT_NEW) != 0)
        result.untracked.emplace_back(entry->index_to_workdir->new_file.path);
    }
    std::sort(result.untracked.begin(), result.untracked.end());
    return result;
  }
};

std::optional<Repository> Repository::discover(const fs::path& path) {
  initialise();
  auto state = std::make_unique<State>();
  const int result = git_repository_open_ext(&state->repository, path.c_str(), 0, nullptr);
  if (result == GIT_ENOTFOUND) return std::nullopt;
  if (result < 0) {
    const Error error = last_error("opening the git repository of " + path.string());
    refuse_sha256(path);
    throw error;
  }
  const char* workdir = git_repository_workdir(state->repository);
  if (workdir == nullptr) return std::nullopt;
  state->root = fs::path(workdir).lexically_normal();
  if (!state->root.has_filename()) state->root = state->root.parent_path();
  refuse_sha256(state->root);
  return Repository(std::move(state));
}

Repository::Repository(std::unique_ptr<State> state) : state_(std::move(state)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

fs::path Repository::root() const { return state_->root; }

std::string Repository::tree_hash(const fs::path& directory, const std::string& commit) const {
  git_object* raw = nullptr;
  if (git_revparse_single(&raw, state_->repository, commit.c_str()) < 0)
    throw Error(state_->root.string() + " has no commit " + commit);
  const ObjectPtr object(raw);
  git_object* peeled = nullptr;
  check(git_object_peel(&peeled, object.get(), GIT_OBJECT_TREE), commit + " is not a commit");
  const ObjectPtr tree(peeled);

  const fs::path relative = inside(state_->root, directory);
  if (relative.empty()) return hex(*git_object_id(tree.get()));
  git_tree_entry* found = nullptr;
  const int result =
      git_tree_entry_bypath(&found, reinterpret_cast<git_tree*>(tree.get()), relative.c_str());
  const EntryPtr entry(found);
  if (result < 0 || git_tree_entry_type(entry.get()) != GIT_OBJECT_TREE)
    throw Error("package " + fs::absolute(directory).lexically_normal().string() +
                " is not in git at " + commit + "; commit it first");
  return hex(*git_tree_entry_id(entry.get()));
}

bool Repository::dirty(const fs::path& directory) const {
  const StatusPtr list = state_->status(inside(state_->root, directory).string());
  return git_status_list_entrycount(list.get()) > 0;
}

std::string Repository::content_hash(const fs::path& directory) const {
  const Files files = state_->files(inside(state_->root, directory).string());
  Hasher hasher;
  const auto add = [&](const std::string& name) {
    const fs::path path = state_->root / name;
    struct stat status {};
    // Only contents of regular files count; what is gone, or is a link, adds nothing.
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    std::ifstream in(path, std::ios::binary);
    std::vector<char> buffer(1 << 16);
    while (in) {
      in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      hasher.update({buffer.data(), static_cast<std::size_t>(in.gcount())});
    }
  };
  std::for_each(files.tracked.begin(), files.tracked.end(), add);
  std::for_each(files.untracked.begin(), files.untracked.end(), add);
  return hasher.finish().hex();
}

std::optional<std::string> Repository::head_commit() const {
  git_oid oid;
  const int result = git_reference_name_to_id(&oid, state_->repository, "HEAD");
  if (result == GIT_ENOTFOUND) return std::nullopt;
  check(result, "reading HEAD of " + state_->root.string());
  return hex(oid);
}

std::int64_t Repository::head_time() const {
  git_oid oid;
  const int result = git_reference_name_to_id(&oid, state_->repository, "HEAD");
  if (result == GIT_ENOTFOUND) return 0;
  check(result, "reading HEAD of " + state_->root.string());
  git_commit* raw = nullptr;
  check(git_commit_lookup(&raw, state_->repository, &oid),
        "reading HEAD of " + state_->root.string());
  return git_commit_time(CommitPtr(raw).get());
}

Repository* Repositories::of(const fs::path& directory) {
  auto found = Repository::discover(directory);
  if (!found) return nullptr;
  auto& slot = by_root_[found->root()];
  if (!slot) slot = std::make_unique<Repository>(std::move(*found));
  return slot.get();
}

}  // namespace rtfx::git
