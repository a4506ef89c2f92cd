// SPDX-License-Identifier: Apache-2.0
//
// The texts that deep tags are hashes of; docs/tags.md defines them for people.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/git/git.hpp"
#include "harness/pkg/tag.hpp"

namespace rtfx::pkg {

/// A directory that goes into the build context.
struct Source {
  std::filesystem::path directory;
  std::string destination;                      ///< in the context, "/" for the package itself
  const git::Repository* repository = nullptr;  ///< null outside git
};

/// What the source has otherwise than HEAD, a line each; names are relative to the source. "" when
/// it is clean, or outside git.
std::string dirt_of(const Source& source);

/// The dirt of everything that the image is made of; "" when there is none.
std::string deep_dirt(const std::vector<Source>& all, const std::vector<NeededTag>& needs);
/// The digits of a package that has dirt: SHA-256, hex.
std::string deep_dirt_hash(const std::string& dirt);

/// The tree hash itself for a package that is nothing but its tree, else a SHA-1 (hex) over the tree, those of the
/// extra sources, and what the package needs.
std::string deep_hash(const std::string& tree, const std::vector<Source>& sources,
                      const std::vector<std::string>& trees, const std::vector<NeededTag>& needs);

}  // namespace rtfx::pkg
