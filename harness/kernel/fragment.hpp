// SPDX-License-Identifier: Apache-2.0
//
// Fragments of kernel configuration, and whether what they ask for is in the configuration that came out: kconfig drops
// an option whose dependencies are not met without a word (Documentation/kbuild/kconfig-language.rst, "Menu
// dependencies").
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace rtfx::kernel {

/// Options of a configuration by name, without CONFIG_, with their values as they are written ("y", "\"\"", "64").
/// What is not set is absent.
using Config = std::map<std::string, std::string>;

/// One line of a fragment.
struct Request {
  std::string option;  ///< without CONFIG_
  std::string value;   ///< "n" for "# CONFIG_X is not set"
  Location where;
};

/// The requests of a fragment in the order of its lines. A line that is none, and an option that the same fragment asks
/// for with two values, go to `diagnostics`.
std::vector<Request> read_fragment(const std::filesystem::path& file, Diagnostics& diagnostics);

/// What all fragments together ask for, one request an option: the later fragment wins, as in the kernel's own
/// merge_config.sh.
std::vector<Request> merge(const std::vector<std::vector<Request>>& fragments);

/// Reads a .config.
Config parse_config(std::string_view text);

/// One line for each request that the configuration does not honour: "base.config:12: CONFIG_X=y was asked for, and is
/// not set".
std::vector<std::string> unmet(const std::vector<Request>& requests, const Config& config);

}  // namespace rtfx::kernel
