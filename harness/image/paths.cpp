// SPDX-License-Identifier: Apache-2.0
#include "harness/image/paths.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::image {

bool PathLess::operator()(std::string_view a, std::string_view b) const {
  const auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (right == b.end()) return false;
  if (left == a.end()) return true;
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; };
  return rank(*left) < rank(*right);
}

std::string normalise_path(std::string_view path) {
  const std::string_view whole = path;
  constexpr std::size_t longest = 4095;  // PATH_MAX without its NUL
  if (path.size() > longest)
    throw Error("a path of " + std::to_string(path.size()) + " bytes is too long");
  if (path.find('\0') != std::string_view::npos)
    throw Error("the path \"" + text::printable(path) + "\" has a NUL in it");
  std::string result;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (name.empty() || name == ".") continue;
    if (name == "..")
      throw Error("the path \"" + text::printable(whole) +
                  "\" has \"..\", which could lead out of the image");
    if (!result.empty()) result += '/';
    result += name;
  }
  return result;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view base_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string result(directory);
  if (!directory.empty() && !name.empty()) result += '/';
  return result += name;
}

}  // namespace rtfx::image
