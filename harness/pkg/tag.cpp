// SPDX-License-Identifier: Apache-2.0
//
// The tag of a package is a function of what git knows of its directory, so that the same sources
// always get the same name. The rules are linuxkit's (its `pkg show-tag`), because the tags in its
// users' files must stay valid.
#include "harness/pkg/tag.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "harness/git/git.hpp"
#include "harness/pkg/tag_text.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t dirty_digits = 7;

/// The directory whose tree is hashed.
fs::path hashed_directory(const Package& package, const TagOptions& options, TagMode mode) {
  if (!options.hash_path) return package.directory;
  const fs::path path = fs::absolute(*options.hash_path).lexically_normal();
  std::string prefix = path.string();
  while (prefix.size() > 1 && prefix.back() == '/') prefix.pop_back();
  // For linuxkit the path is a text: pkg/fo is in front of pkg/foo.
  const std::string below = prefix == "/" ? prefix : prefix + "/";
  const bool contains = mode == TagMode::linuxkit
                            ? package.directory.string().starts_with(prefix)
                            : (package.directory.string() + "/").starts_with(below);
  if (!contains)
    throw Error(
        "--hash-path " + prefix + " does not contain the package " + package.directory.string(),
        ExitCode::usage);
  return prefix;
}

std::vector<Source> extra_sources(const Package& package, git::Repositories& repositories) {
  std::vector<Source> sources;
  for (const std::string& entry : package.extra_sources) {
    const auto parts = text::split(entry, ':');
    Source source{(package.directory / parts[0]).lexically_normal(),
                  fs::path(parts[1]).lexically_normal().string()};
    if (!source.directory.has_filename()) source.directory = source.directory.parent_path();
    std::error_code error;
    if (fs::is_directory(source.directory, error))
      source.repository = repositories.of(source.directory);
    sources.push_back(std::move(source));
  }
  return sources;
}

std::vector<std::string> source_trees(const std::vector<Source>& sources,
                                      const std::string& commit) {
  std::vector<std::string> trees;
  for (const Source& source : sources) {
    if (source.repository == nullptr)
      throw Error("the extra source " + source.directory.string() +
                  " is not a directory in a git repository");
    trees.push_back(source.repository->tree_hash(source.directory, commit));
  }
  return trees;
}

/// Everything that a tag may depend on.
struct Question {
  const Package& package;
  const TagOptions& options;
  const std::vector<NeededTag>& needs;
  Source own;                      ///< the directory whose tree is hashed
  std::vector<Source> sources;     ///< extra-sources
  std::vector<std::string> trees;  ///< of `sources`; empty when the hash is given

  /// Another commit than HEAD has no work tree that could differ.
  bool has_work_tree() const { return options.hash_commit == "HEAD"; }
  bool hash_is_given() const { return options.hash || options.dev; }
  std::string own_tree() const {
    return own.repository->tree_hash(own.directory, options.hash_commit);
  }
};

/// What differs and does not show in a tag of linuxkit.
std::vector<std::string> hidden_dirt(const Question& question, bool dirty) {
  std::vector<std::string> result;
  for (const Source& source : question.sources) {
    if (!dirt_of(source).empty()) result.push_back("the extra source " + source.directory.string());
  }
  for (const NeededTag& need : question.needs) {
    if (need.dirty) result.push_back("the package " + need.ref + " that it needs");
  }
  const git::Repository& repository = *question.own.repository;
  if (dirty || !repository.has_blind_spots(question.own.directory)) return result;
  for (const git::Change& change : repository.changes(question.own.directory))
    result.push_back((repository.root() / change.path).string());
  return result;
}

void answer_as_linuxkit(const Question& question, Revision& revision) {
  const git::Repository& repository = *question.own.repository;
  if (question.has_work_tree()) {
    revision.dirty = repository.dirty(question.own.directory);
    revision.hidden_dirt = hidden_dirt(question, revision.dirty);
  }
  revision.dirty = revision.dirty || question.options.force_dirty;
  if (question.hash_is_given()) return;
  revision.hash = question.own_tree();
  // Only the names of the trees are hashed, without separators.
  if (!question.trees.empty())
    revision.hash = sha1_hex(revision.hash + text::join(question.trees, ""));
  if (revision.dirty)
    revision.hash +=
        "-dirty-" + repository.content_hash(question.package.directory).substr(0, dirty_digits);
}

void answer_deeply(const Question& question, Revision& revision) {
  std::vector<Source> all{question.own};
  all.insert(all.end(), question.sources.begin(), question.sources.end());
  const std::string dirt = question.has_work_tree() ? deep_dirt(all, question.needs) : "";
  revision.dirty = !dirt.empty() || question.options.force_dirty;
  if (question.hash_is_given()) return;
  revision.hash = deep_hash(question.own_tree(), question.sources, question.trees, question.needs);
  if (revision.dirty) revision.hash += "-dirty-" + deep_dirt_hash(dirt).substr(0, dirty_digits);
}

}  // namespace

Revision revision_of(const Package& package, const TagOptions& options, TagMode mode,
                     const std::vector<NeededTag>& needs, git::Repositories& repositories) {
  Question question{package, options, needs, {}, extra_sources(package, repositories), {}};
  if (!question.hash_is_given())
    question.trees = source_trees(question.sources, options.hash_commit);
  question.own = {hashed_directory(package, options, mode), "/",
                  repositories.of(package.directory)};
  Revision revision;
  if (question.own.repository != nullptr) {
    revision.in_git = true;
    revision.commit = question.own.repository->head_commit().value_or("");
    revision.timestamp = question.own.repository->head_time();
    switch (mode) {
      case TagMode::linuxkit:
        answer_as_linuxkit(question, revision);
        break;
      case TagMode::deep:
        answer_deeply(question, revision);
        break;
    }
  }
  if (question.hash_is_given()) revision.hash = options.hash.value_or("dev");
  return revision;
}

Revision revision_of(const Package& package, const TagOptions& options, TagMode mode,
                     const std::vector<NeededTag>& needs) {
  git::Repositories repositories;
  return revision_of(package, options, mode, needs, repositories);
}

std::string ref_with_hash(const Package& package, const TagOptions& options,
                          const std::string& hash) {
  const bool from_flag = options.tag && !options.tag->empty();
  const std::string tag = render_tag(from_flag ? *options.tag : package.tag_template, hash);
  return package.org + "/" + package.image + ":" + (tag.empty() ? "latest" : tag);
}

}  // namespace rtfx::pkg
