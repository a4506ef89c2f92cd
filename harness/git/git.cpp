// SPDX-License-Identifier: Apache-2.0
#include "harness/git/git.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/git/reader.hpp"

namespace rtfx::git {

namespace {

/// The name of a directory of the work tree as git has it. Symlinks in the way to the repository
/// are resolved, those inside it are not: git names a path inside as it is written.
std::string inside(const fs::path& root, const fs::path& directory) {
  const fs::path absolute = fs::absolute(directory).lexically_normal();
  fs::path relative = absolute.lexically_relative(root);
  if (relative.empty() || *relative.begin() == "..")
    relative = fs::weakly_canonical(absolute).lexically_relative(root);
  if (relative.empty() || *relative.begin() == "..")
    throw Error(directory.string() + " is not inside the git work tree " + root.string());
  std::string text = relative.generic_string();
  while (!text.empty() && text.back() == '/') text.pop_back();
  return text == "." ? "" : text;
}

/// Whether `git ls-files` prints a name in quotes, with escapes (git, quote.c).
bool is_quoted(const std::string& name, bool quotes_high_bytes) {
  return std::any_of(name.begin(), name.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '"' || c == '\\' ||
           (byte >= 0x80 && quotes_high_bytes);
  });
}

void add_content(Hasher& hasher, const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  std::ifstream in(path, std::ios::binary);
  std::vector<char> buffer(1 << 16);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hasher.update({buffer.data(), static_cast<std::size_t>(in.gcount())});
  }
}

/// Where a file ".git" says that the repository is; a directory is one itself.
fs::path git_directory(const fs::path& dot_git) {
  std::error_code error;
  if (!fs::is_regular_file(dot_git, error)) return fs::weakly_canonical(dot_git, error);
  std::ifstream in(dot_git);
  std::string line;
  std::getline(in, line);
  constexpr std::string_view key = "gitdir:";
  if (!line.starts_with(key)) return {};
  const fs::path target(std::string(text::trim(std::string_view(line).substr(key.size()))));
  return fs::weakly_canonical(dot_git.parent_path() / target, error);
}

}  // namespace

std::optional<fs::path> nearest_dot_git(const fs::path& path) {
  std::error_code error;
  fs::path directory = fs::canonical(path, error);
  if (error) return std::nullopt;
  const std::vector<std::string> ceilings =
      text::split(environment("GIT_CEILING_DIRECTORIES"), ':');
  struct stat start {};
  if (::stat(directory.c_str(), &start) != 0) return std::nullopt;
  for (bool first = true;; first = false) {
    struct stat here {};
    const bool same =
        ::stat(directory.c_str(), &here) == 0 && here.st_dev == start.st_dev &&
        (first || std::find(ceilings.begin(), ceilings.end(), directory) == ceilings.end());
    if (!same) return std::nullopt;
    if (fs::exists(fs::symlink_status(directory / ".git", error))) return directory;
    if (directory == directory.parent_path()) return std::nullopt;
    directory = directory.parent_path();
  }
}

template <typename Question>
auto Repository::ask(const Question& question) const {
  try {
    return question(*reader_);
  } catch (const UnsupportedRepository&) {
    reader_ = open_with_program(reader_->root());
    return question(*reader_);
  }
}

std::optional<Repository> Repository::discover(const fs::path& path) {
  const auto holder = nearest_dot_git(path);
  // A ".git" that is no repository is not passed over, as git does: packages would silently be
  // taken for ones outside git, or of another repository.
  const auto refuse = [&] {
    return Error((*holder / ".git").string() +
                 " is not a git repository: it is empty, damaged, or points to one that is gone; "
                 "repair it or remove it");
  };
  std::unique_ptr<Reader> reader;
  try {
    reader = open_with_libgit2(path);
  } catch (const UnsupportedRepository&) {
    reader = open_with_program(path);
  }
  if (reader == nullptr && holder) throw refuse();
  if (reader == nullptr) return std::nullopt;
  if (holder && git_directory(*holder / ".git") != reader->git_directory()) throw refuse();
  return Repository(std::move(reader));
}

Repository::Repository(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

fs::path Repository::root() const { return reader_->root(); }

std::string Repository::tree_hash(const fs::path& directory, const std::string& commit) const {
  const std::string path = inside(root(), directory);
  const auto hash = ask([&](Reader& reader) { return reader.tree_hash(path, commit); });
  if (hash) return *hash;
  throw Error("package " + fs::absolute(directory).lexically_normal().string() +
              " is not in git at " + commit + "; commit it first");
}

bool Repository::dirty(const fs::path& directory) const {
  const std::string path = inside(root(), directory);
  const Differences found = ask([&](Reader& reader) { return reader.differences(path); });
  return !found.changed.empty() || !found.untracked.empty();
}

std::vector<Change> Repository::changes(const fs::path& directory) const {
  const std::string path = inside(root(), directory);
  return ask([&](Reader& reader) { return find_changes(reader, path); });
}

bool Repository::has_blind_spots(const fs::path& directory) const {
  const std::string path = inside(root(), directory);
  const auto entries = ask([&](Reader& reader) { return reader.tracked(path); });
  return std::any_of(entries.begin(), entries.end(),
                     [](const Tracked& entry) { return entry.repository || entry.unwatched; });
}

std::string Repository::content_hash(const fs::path& directory) const {
  const std::string path = inside(root(), directory);
  const std::size_t start = path.empty() ? 0 : path.size() + 1;
  const bool quotes = ask([](Reader& reader) { return reader.quotes_high_bytes(); });
  // What linuxkit reads: lines, the whole of them trimmed. So a blank at the end of the last name
  // is lost, and a name that is printed in quotes stands for no file (as `"/` does).
  std::string lines;
  const auto add = [&](const std::string& name) {
    lines += is_quoted(name.substr(start), quotes) ? "\"/\n" : name.substr(start) + "\n";
  };
  for (const Tracked& tracked : ask([&](Reader& reader) { return reader.tracked(path); }))
    add(tracked.path);
  for (const std::string& name :
       ask([&](Reader& reader) { return reader.differences(path); }).untracked)
    add(name);
  Hasher hasher;
  for (const std::string& name : text::split(text::trim(lines), '\n'))
    add_content(hasher, root() / path / name);
  return hasher.finish().hex();
}

std::optional<std::string> Repository::head_commit() const {
  const auto head = ask([](Reader& reader) { return reader.head(); });
  return head ? std::optional(head->id) : std::nullopt;
}

std::int64_t Repository::head_time() const {
  const auto head = ask([](Reader& reader) { return reader.head(); });
  return head ? head->time : 0;
}

std::optional<Commit> Repository::last_change(const std::vector<fs::path>& directories) const {
  std::vector<std::string> paths;
  for (const fs::path& directory : directories) paths.push_back(inside(root(), directory));
  return ask([&](Reader& reader) { return reader.last_change(paths); });
}

std::vector<NamedCommit> Repository::tags() const {
  auto tags = ask([](Reader& reader) { return reader.tags(); });
  std::sort(tags.begin(), tags.end(),
            [](const NamedCommit& a, const NamedCommit& b) { return a.name < b.name; });
  return tags;
}

bool Repository::head_descends_from(const std::string& commit) const {
  return ask([&](Reader& reader) { return reader.head_descends_from(commit); });
}

Repository* Repositories::of(const fs::path& directory) {
  const fs::path holder = nearest_dot_git(directory).value_or(fs::path{});
  const auto known = by_root_.find(holder);
  if (!holder.empty() && known != by_root_.end()) return known->second.get();
  auto found = Repository::discover(directory);
  if (!found) return nullptr;
  auto& slot = by_root_[holder.empty() ? found->root() : holder];
  if (!slot) slot = std::make_unique<Repository>(std::move(*found));
  return slot.get();
}

}  // namespace rtfx::git
