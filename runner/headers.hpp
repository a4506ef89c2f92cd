// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// Reads the header lines of a script; problems, an unreadable file among them, are diagnostics
/// with file:line.
Headers read_headers(const std::filesystem::path& script, Diagnostics& diagnostics);

}  // namespace rtfx::runner
