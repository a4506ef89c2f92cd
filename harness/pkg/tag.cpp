// SPDX-License-Identifier: Apache-2.0
//
// The tag of a package is a function of what git knows of its directory, so that the same sources
// always get the same name. The rules are linuxkit's (its `pkg show-tag`), because the tags in its
// users' files must stay valid.
#include "harness/pkg/tag.hpp"

#include <charconv>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "harness/git/git.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t dirty_digits = 7;

Error template_error(const std::string& tag_template, const std::string& why) {
  return Error("invalid tag template \"" + tag_template + "\": " + why +
                   "; understood are {{.Hash}} and {{slice .Hash FROM TO}}",
               ExitCode::usage);
}

std::string render_action(const std::string& action, const std::string& hash,
                          const std::string& tag_template) {
  const std::vector<std::string> words = text::split_list(action, ' ');
  if (words.size() == 1 && words[0] == ".Hash") return hash;
  if (words.size() < 3 || words.size() > 4 || words[0] != "slice" || words[1] != ".Hash")
    throw template_error(tag_template, "cannot understand {{" + action + "}}");
  const auto index = [&](const std::string& word) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size())
      throw template_error(tag_template, "\"" + word + "\" is not a number");
    if (value > hash.size())
      throw template_error(tag_template, word + " is beyond the end of \"" + hash + "\"");
    return value;
  };
  const std::size_t from = index(words[2]);
  const std::size_t to = words.size() == 4 ? index(words[3]) : hash.size();
  if (from > to) throw template_error(tag_template, words[2] + " is behind " + words[3]);
  return hash.substr(from, to - from);
}

/// The directory whose tree is hashed.
fs::path hashed_directory(const Package& package, const TagOptions& options) {
  if (!options.hash_path) return package.directory;
  const fs::path path = fs::absolute(*options.hash_path).lexically_normal();
  std::string prefix = path.string();
  while (prefix.size() > 1 && prefix.back() == '/') prefix.pop_back();
  if (!package.directory.string().starts_with(prefix))
    throw Error(
        "--hash-path " + prefix + " does not contain the package " + package.directory.string(),
        ExitCode::usage);
  return prefix;
}

std::string source_tree(const Package& package, const std::string& entry,
                        const std::string& commit) {
  const fs::path source = (package.directory / text::split(entry, ':')[0]).lexically_normal();
  std::error_code error;
  const auto repository =
      fs::is_directory(source, error) ? git::Repository::discover(source) : std::nullopt;
  if (!repository)
    throw Error("the extra source " + source.string() + " is not a directory in a git repository");
  return repository->tree_hash(source, commit);
}

}  // namespace

Revision revision_of(const Package& package, const TagOptions& options, TagMode,
                     const std::vector<NeededTag>&, git::Repositories& repositories) {
  Revision revision;
  std::string sources;
  if (!options.hash && !options.dev) {
    for (const std::string& entry : package.extra_sources)
      sources += source_tree(package, entry, options.hash_commit);
  }
  const fs::path hashed = hashed_directory(package, options);
  const git::Repository* repository = repositories.of(package.directory);
  if (repository) {
    revision.in_git = true;
    revision.commit = repository->head_commit().value_or("");
    revision.timestamp = repository->head_time();
    revision.dirty =
        options.force_dirty || (options.hash_commit == "HEAD" && repository->dirty(hashed));
  }
  if (options.hash || options.dev) {
    revision.hash = options.hash.value_or("dev");
    return revision;
  }
  if (!repository) return revision;

  revision.hash = repository->tree_hash(hashed, options.hash_commit);
  // Only the names of the trees are hashed, without separators: linuxkit's definition.
  if (!sources.empty()) revision.hash = sha1_hex(revision.hash + sources);
  if (revision.dirty)
    revision.hash +=
        "-dirty-" + repository->content_hash(package.directory).substr(0, dirty_digits);
  return revision;
}

Revision revision_of(const Package& package, const TagOptions& options, TagMode mode,
                     const std::vector<NeededTag>& needs) {
  git::Repositories repositories;
  return revision_of(package, options, mode, needs, repositories);
}

std::string render_tag(const std::string& tag_template, const std::string& hash) {
  std::string tag;
  for (std::size_t at = 0; at < tag_template.size();) {
    const std::size_t open = tag_template.find("{{", at);
    tag += tag_template.substr(at, open - at);
    if (open == std::string::npos) break;
    const std::size_t close = tag_template.find("}}", open);
    if (close == std::string::npos) throw template_error(tag_template, "{{ is not closed");
    tag += render_action(tag_template.substr(open + 2, close - open - 2), hash, tag_template);
    at = close + 2;
  }
  return tag;
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
