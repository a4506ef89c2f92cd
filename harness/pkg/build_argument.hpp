// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace rtfx::pkg {

/// "NAME=VALUE" of a --build-arg-file, and where it stands; @lkt: paths in it are relative to that file.
struct BuildArgument {
  std::string text;
  Location where;
};
/// Reads such a file: one argument a line; empty lines and lines that start with # do not count.
std::vector<BuildArgument> read_build_arguments(const std::filesystem::path& file,
                                                Diagnostics& diagnostics);

/// A package whose reference is the value of an argument.
struct PackageArgument {
  std::filesystem::path directory;
  std::string before,
      after;  ///< the argument's name, in two parts when the package's name goes between them
  bool named = false;  ///< it does

  /// "BASE", or "BASE_LINUXKIT_INIT_IMAGE" of the name "linuxkit/init".
  std::string name_for(const std::string& package) const;
};

/// The packages that `@lkt:pkg:PATH` or `@lkt:pkgs:PATTERN` stands for, paths relative to `base`; nullopt for a plain
/// value. Other values that begin with @lkt: are reported, and patterns that find nothing.
std::optional<std::vector<PackageArgument>> packages_of(const BuildArgument& argument,
                                                        const std::filesystem::path& base,
                                                        Diagnostics& diagnostics);

/// The names of arguments "NAME=VALUE".
std::vector<std::string> argument_names(const std::vector<std::string>& arguments);

}  // namespace rtfx::pkg
