// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "harness/pkg/package.hpp"

namespace rtfx::pkg {

/// Copies a package and its extra sources to `context`, so that the source tree is never written
/// to. Only what git can keep of a file survives: content, link target and the executable bit;
/// times become `timestamp`. A checkout under another umask therefore gives the same image. A .git
/// is left out, wherever it is.
void make_context(const Package& package, const std::filesystem::path& context,
                  std::int64_t timestamp);

}  // namespace rtfx::pkg
