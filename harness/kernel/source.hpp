// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/kernel/series.hpp"
#include "harness/pkg/tool.hpp"

namespace rtfx::kernel {

/// An unpacked and patched source of Linux, which nothing writes to any more.
struct SourceTree {
  std::filesystem::path path;
  std::string key;      ///< 16 hex digits: the same for the same source and patches
  std::string version;  ///< of its Makefile: "6.12.117"
};

/// Where sources come from and stay.
struct SourcePlace {
  std::filesystem::path folder;     ///< of unpacked sources; made when it is missing
  std::filesystem::path downloads;  ///< of packages of the archive, see pkg::Archive
  std::string mirror;               ///< address of the Debian archive
};

/// Fetches, checks, unpacks and patches the source of a series, unless the place has it; one at a time in a place. Throws Error: not in the archive, another digest or signature than kernel.yml says, a patch that does
/// not apply, another version; then the place is as it was.
SourceTree source_tree(const Series& series, const SourcePlace& place, const pkg::Steps& steps);

/// "6.12.117" of the text of Linux' top Makefile; "" when it says no version.
std::string version_of(const std::string& makefile);

}  // namespace rtfx::kernel
