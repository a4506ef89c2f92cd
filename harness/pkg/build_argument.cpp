// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/build_argument.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view lkt_prefix = "@lkt:";
constexpr std::string_view pkg_prefix = "@lkt:pkg:";
constexpr std::string_view pkgs_prefix = "@lkt:pkgs:";

/// "linuxkit/foo-bar" -> "LINUXKIT_FOO_BAR", the part of a build argument's name that stands for
/// `%`.
std::string as_variable(const std::string& name) {
  std::string variable;
  for (const char c : name) {
    const int upper = std::toupper(static_cast<unsigned char>(c));
    variable += c == '/' || c == '-' ? '_' : static_cast<char>(upper);
  }
  return variable;
}

/// Directories that a pattern of @lkt:pkgs: finds, sorted; hidden ones are not for it.
std::vector<fs::path> expand(const fs::path& base, const fs::path& pattern) {
  std::vector<fs::path> found{pattern.is_absolute() ? fs::path("/") : base};
  for (const fs::path& part : pattern.relative_path()) {
    std::vector<fs::path> next;
    for (const fs::path& directory : found) {
      if (part == "." || part == ".." || part.string().find_first_of("*?[") == std::string::npos) {
        next.push_back(directory / part);
        continue;
      }
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(directory, error)) {
        if (::fnmatch(part.c_str(), entry.path().filename().c_str(), FNM_PERIOD) == 0)
          next.push_back(entry.path());
      }
    }
    found = std::move(next);
  }
  std::erase_if(found, [](const fs::path& path) {
    std::error_code error;
    return !fs::is_directory(path, error) || path.filename().string().starts_with(".");
  });
  for (fs::path& path : found) path = path.lexically_normal();
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<PackageArgument> packages_matching(const std::string& name, const std::string& pattern,
                                               const Location& where, const fs::path& base,
                                               Diagnostics& diagnostics) {
  const std::size_t percent = name.find('%');
  if (percent == std::string::npos) {
    diagnostics.error(where, "buildArgs: @lkt:pkgs: gives several values, so the name \"" + name +
                                 "\" needs a %");
    return {};
  }
  std::vector<PackageArgument> packages;
  for (const fs::path& directory : expand(base, pattern))
    packages.push_back({directory, name.substr(0, percent), name.substr(percent + 1), true});
  if (packages.empty())
    diagnostics.error(where, "buildArgs: no directory matches \"" + pattern + "\"");
  return packages;
}

}  // namespace

std::string PackageArgument::name_for(const std::string& package) const {
  return before + (named ? as_variable(package) : "") + after;
}

std::vector<BuildArgument> read_build_arguments(const fs::path& file, Diagnostics& diagnostics) {
  std::vector<BuildArgument> arguments;
  int line = 0;
  for (const std::string& text : text::split(read_file(file), '\n')) {
    ++line;
    const std::string_view argument = text::trim(text);
    if (argument.empty() || argument.starts_with("#")) continue;
    const std::size_t equals = argument.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      diagnostics.error({file, line},
                        "\"" + std::string(argument) + "\" is not of the form NAME=VALUE");
      continue;
    }
    arguments.push_back({std::string(argument), {file, line}});
  }
  return arguments;
}

std::vector<std::string> argument_names(const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const std::string& argument : arguments)
    names.push_back(argument.substr(0, argument.find('=')));
  return names;
}

std::optional<std::vector<PackageArgument>> packages_of(const BuildArgument& argument,
                                                        const fs::path& base,
                                                        Diagnostics& diagnostics) {
  const std::size_t equals = argument.text.find('=');
  const std::string name = argument.text.substr(0, equals);
  const std::string value = argument.text.substr(equals + 1);
  if (value.starts_with(pkg_prefix))
    return {{{base / value.substr(pkg_prefix.size()), name, "", false}}};
  if (value.starts_with(pkgs_prefix))
    return packages_matching(name, value.substr(pkgs_prefix.size()), argument.where, base,
                             diagnostics);
  if (!value.starts_with(lkt_prefix)) return std::nullopt;
  diagnostics.error(argument.where, "buildArgs: unknown value \"" + value +
                                        "\"; understood are @lkt:pkg:PATH and @lkt:pkgs:PATTERN");
  return std::vector<PackageArgument>{};
}

}  // namespace rtfx::pkg
