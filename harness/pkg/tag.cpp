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

/// For TagMode::linuxkit: what deep_dirt sees and the tag does not.
std::vector<std::string> hidden_dirt(const std::vector<Source>& sources,
                                     const std::vector<NeededTag>& needs) {
  std::vector<std::string> result;
  for (const Source& source : sources) {
    if (!dirt_of(source).empty()) result.push_back("the extra source " + source.directory.string());
  }
  for (const NeededTag& need : needs) {
    if (need.dirty) result.push_back("the package " + need.ref + " that it needs");
  }
  return result;
}

}  // namespace

Revision revision_of(const Package& package, const TagOptions& options, TagMode mode,
                     const std::vector<NeededTag>& needs, git::Repositories& repositories) {
  Revision revision;
  const bool deep = mode == TagMode::deep;
  const bool named = options.hash || options.dev;
  const bool at_head = options.hash_commit == "HEAD";
  const std::vector<Source> sources = extra_sources(package, repositories);
  const auto trees =
      named ? std::vector<std::string>{} : source_trees(sources, options.hash_commit);
  const Source own{hashed_directory(package, options, mode), "/",
                   repositories.of(package.directory)};
  if (own.repository != nullptr) {
    std::vector<Source> all{own};
    all.insert(all.end(), sources.begin(), sources.end());
    revision.in_git = true;
    revision.commit = own.repository->head_commit().value_or("");
    revision.timestamp = own.repository->head_time();
    std::string dirt;
    if (at_head && deep) {
      dirt = deep_dirt(all, needs);
      revision.dirty = !dirt.empty();
    } else if (at_head) {
      revision.hidden_dirt = hidden_dirt(sources, needs);
      revision.dirty = own.repository->dirty(own.directory);
      if (!revision.dirty && own.repository->has_blind_spots(own.directory)) {
        for (const git::Change& change : own.repository->changes(own.directory))
          revision.hidden_dirt.push_back((own.repository->root() / change.path).string());
      }
    }
    revision.dirty = revision.dirty || options.force_dirty;
    if (!named) {
      const std::string tree = own.repository->tree_hash(own.directory, options.hash_commit);
      // Only the names of the trees are hashed, without separators: linuxkit's definition.
      revision.hash = deep            ? deep_hash(tree, sources, trees, needs)
                      : trees.empty() ? tree
                                      : sha1_hex(tree + text::join(trees, ""));
      if (revision.dirty)
        revision.hash += "-dirty-" + (deep ? deep_dirt_hash(dirt)
                                           : own.repository->content_hash(package.directory))
                                         .substr(0, dirty_digits);
    }
  }
  if (named) revision.hash = options.hash.value_or("dev");
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

std::string package_hash(const Package& package, const TagOptions& options) {
  return revision_of(package, options).hash;
}

std::string package_ref(const Package& package, const TagOptions& options) {
  return ref_with_hash(package, options, package_hash(package, options));
}

}  // namespace rtfx::pkg
