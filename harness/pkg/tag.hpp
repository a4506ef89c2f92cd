// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/git/git.hpp"
#include "harness/pkg/package.hpp"

namespace rtfx::pkg {

/// What a tag is a function of; `tags:` of rtfx.yml. docs/tags.md has both definitions.
enum class TagMode {
  linuxkit,  ///< exactly linuxkit's tags, with what they cannot see
  deep,      ///< everything that the image is made of, as far as git and the packages' files tell
};

/// An image of another package that the build of a package uses, as that package is tagged now.
struct NeededTag {
  std::string name;  ///< what the user of it calls it: the build argument, or the name after FROM
  std::string ref;   ///< org/image:tag
  std::string hash;  ///< its Revision::hash: a template may keep it out of the tag
  bool dirty = false;
};

/// What git says about a package.
struct Revision {
  /// The hash part of the tag, with "-dirty-xxxxxxx" when it is not clean; "" outside git.
  std::string hash;
  bool in_git = false;
  bool dirty = false;
  std::string commit;          ///< full hex of HEAD; "" outside git
  std::int64_t timestamp = 0;  ///< committer time of HEAD, seconds since the epoch
  /// Dirt that `hash` does not show: extra sources that differ from HEAD, and needed packages that
  /// do, in TagMode::linuxkit. An image with such dirt must not be pushed: its tag says that it is
  /// clean.
  std::vector<std::string> hidden_dirt;
};

/// Asks git about a package. `needs` counts in TagMode::deep only. `repositories` keeps what is
/// open between calls. Throws Error.
Revision revision_of(const Package& package, const TagOptions& options, TagMode mode,
                     const std::vector<NeededTag>& needs, git::Repositories& repositories);
/// The same, for one package alone.
Revision revision_of(const Package& package, const TagOptions& options,
                     TagMode mode = TagMode::linuxkit, const std::vector<NeededTag>& needs = {});

/// The tag that a template gives for a hash: text with {{.Hash}}, {{slice .Hash A}} and {{slice
/// .Hash A B}}, as Go's text/template has them. Anything else between braces is an Error
/// (ExitCode::usage).
std::string render_tag(const std::string& tag_template, const std::string& hash);

/// The reference for a known hash.
std::string ref_with_hash(const Package& package, const TagOptions& options,
                          const std::string& hash);

}  // namespace rtfx::pkg
