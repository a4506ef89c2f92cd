// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace rtfx::image {

/// Orders paths so that a directory is directly followed by everything below it: '/' sorts before
/// every other character.
struct PathLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

/// A path of an archive or a YAML, which is data and may be hostile, as "a/b/c" relative to the
/// root ("" is the root): leading and doubled slashes and "." go. Throws Error for "..", which
/// could leave the tree, for a path that is too long for Linux, and for a NUL.
std::string normalise_path(std::string_view path);

/// "a/b/c" -> "a/b"; "a" -> "".
std::string_view parent_of(std::string_view path);
std::string_view base_of(std::string_view path);
/// "a" and "b" -> "a/b"; an empty side gives the other one.
std::string join_path(std::string_view directory, std::string_view name);

}  // namespace rtfx::image
